package main

// What Go makes, for reeve's own tests to check where there is no Go: the same bytes each time.

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	logName     = "go.example/log"
	witnessName = "go.example/witness"
	cosignTime  = 1700000000
	records     = 600
)

func seededKey(fill byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{fill}, ed25519.SeedSize))
}

// The two texts of a log's key, of which note has a maker that takes its own random bytes alone.
func logKey() (skey, vkey string) {
	key := seededKey(7)
	public := append([]byte{1}, key.Public().(ed25519.PublicKey)...)
	id := fmt.Sprintf("%08x", cosignerHash(logName, public))
	skey = "PRIVATE+KEY+" + logName + "+" + id + "+" + base64.StdEncoding.EncodeToString(append([]byte{1}, key.Seed()...))
	return skey, logName + "+" + id + "+" + base64.StdEncoding.EncodeToString(public)
}

type cosignSigner struct {
	cosigner
	key ed25519.PrivateKey
}

func (s *cosignSigner) Sign(text []byte) ([]byte, error) {
	stamp := binary.BigEndian.AppendUint64(nil, cosignTime)
	return append(stamp, ed25519.Sign(s.key, cosignedMessage(cosignTime, text))...), nil
}

func witnessKey() (*cosignSigner, string) {
	key := seededKey(9)
	public := append([]byte{algCosignature}, key.Public().(ed25519.PublicKey)...)
	hash := cosignerHash(witnessName, public)
	vkey := fmt.Sprintf("%s+%08x+%s", witnessName, hash, base64.StdEncoding.EncodeToString(public))
	return &cosignSigner{cosigner{witnessName, hash, public[1:]}, key}, vkey
}

func goRecord(i int64) []byte { return []byte(fmt.Sprintf("{\"seq\":%d}", i)) }

// The stored hashes of the records, in tlog's order.
type storage []tlog.Hash

func (s *storage) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		out[i] = (*s)[at]
	}
	return out, nil
}

func makeTree() (*storage, error) {
	s := new(storage)
	for i := int64(0); i < records; i++ {
		hashes, err := tlog.StoredHashes(i, goRecord(i), s)
		if err != nil {
			return nil, err
		}
		*s = append(*s, hashes...)
	}
	return s, nil
}

func writeHashes(out *strings.Builder, hashes ...tlog.Hash) {
	for _, h := range hashes {
		fmt.Fprintf(out, " %x", h[:])
	}
	out.WriteByte('\n')
}

func writeProofs(s *storage, out *strings.Builder) error {
	for _, size := range []int64{1, 2, 7, 8, 255, 256, 257, records} {
		root, err := tlog.TreeHash(size, s)
		if err != nil {
			return err
		}
		for _, at := range []int64{0, size / 3, size / 2, size - 1} {
			p, err := tlog.ProveRecord(size, at, s)
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "inclusion %d %d", at, size)
			writeHashes(out, append([]tlog.Hash{tlog.RecordHash(goRecord(at)), root}, p...)...)
			old, err := tlog.TreeHash(at+1, s)
			if err != nil {
				return err
			}
			t, err := tlog.ProveTree(size, at+1, s)
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "consistency %d %d", at+1, size)
			writeHashes(out, append([]tlog.Hash{old, root}, t...)...)
		}
	}
	return nil
}

// Each tile as it is in the end: older releases of the module list it once for every width on the way.
func tilesOf(n int64) []tlog.Tile {
	var out []tlog.Tile
	for _, t := range tlog.NewTiles(8, 0, n) {
		if k := len(out) - 1; k >= 0 && out[k].L == t.L && out[k].N == t.N {
			out[k] = t
		} else {
			out = append(out, t)
		}
	}
	return out
}

func writeTiles(s *storage, out *strings.Builder) error {
	for _, t := range tilesOf(records) {
		b, err := tlog.ReadTileData(t, s)
		if err != nil {
			return err
		}
		path := strings.Replace(t.Path(), "tile/8/", "tile/", 1)
		fmt.Fprintf(out, "tile %s %x\n", path, sha256.Sum256(b))
	}
	return nil
}

func writeNotes(s *storage, files map[string]string) error {
	root, err := tlog.TreeHash(records, s)
	if err != nil {
		return err
	}
	skey, vkey := logKey()
	signer, err := note.NewSigner(skey)
	if err != nil {
		return err
	}
	witness, witnessVkey := witnessKey()
	n := &note.Note{Text: fmt.Sprintf("%s\n%d\n%s\n", logName, records, base64.StdEncoding.EncodeToString(root[:]))}
	signed, err := note.Sign(n, signer)
	if err != nil {
		return err
	}
	cosigned, err := note.Sign(n, signer, witness)
	if err != nil {
		return err
	}
	files["log.vkey"], files["witness.vkey"] = vkey+"\n", witnessVkey+"\n"
	files["log.note"], files["cosigned.note"] = string(signed), string(cosigned)
	return nil
}

func makeFixtures(a []string) error {
	s, err := makeTree()
	if err != nil {
		return err
	}
	var lines strings.Builder
	files := map[string]string{}
	if err := writeProofs(s, &lines); err != nil {
		return err
	}
	if err := writeTiles(s, &lines); err != nil {
		return err
	}
	if err := writeNotes(s, files); err != nil {
		return err
	}
	files["proofs.txt"] = lines.String()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(a[0], name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
