// Checks with Go's own packages what reeve made: go-verify STEP ARGUMENT... for each step of the
// table below. It ends with status 1 at the first thing that does not hold.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type checkpoint struct {
	origin string
	tree   tlog.Tree
}

type proof struct {
	Index int64    `json:"index"`
	Size  int64    `json:"size"`
	Proof [][]byte `json:"proof"`
}

var steps = map[string]struct {
	args  int
	usage string
	run   func(args []string) error
}{
	"checkpoint":  {2, "VKEY NOTE", checkNote},
	"cosigned":    {3, "VKEY NOTE WITNESS-VKEY", checkCosigned},
	"inclusion":   {4, "VKEY NOTE RECORD PROOF", checkInclusion},
	"consistency": {4, "VKEY OLD-NOTE NOTE PROOF", checkConsistency},
	"tiles":       {2, "VKEY DIR", checkTiles},
	"fixtures":    {1, "DIR", makeFixtures},
	"witness":     {2, "VKEY URL-FILE", serveWitness},
}

func main() {
	if len(os.Args) < 2 {
		usage()
	}
	step, ok := steps[os.Args[1]]
	if !ok || len(os.Args)-2 != step.args {
		usage()
	}
	if err := step.run(os.Args[2:]); err != nil {
		fmt.Fprintf(os.Stderr, "go-verify %s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
	fmt.Printf("%s: ok\n", os.Args[1])
}

func usage() {
	for name, step := range steps {
		fmt.Fprintf(os.Stderr, "usage: go-verify %s %s\n", name, step.usage)
	}
	os.Exit(2)
}

// A key on the command line, or the file that holds one.
func readKey(text string) (string, error) {
	if strings.Contains(text, "+") {
		return text, nil
	}
	b, err := os.ReadFile(text)
	return strings.TrimSpace(string(b)), err
}

func openNote(vkey, path string, more ...note.Verifier) (*note.Note, *checkpoint, error) {
	key, err := readKey(vkey)
	if err != nil {
		return nil, nil, err
	}
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return nil, nil, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	n, err := note.Open(text, note.VerifierList(append(more, verifier)...))
	if err != nil {
		return nil, nil, err
	}
	signed := false
	for _, sig := range n.Sigs {
		signed = signed || sig.Name == verifier.Name() && sig.Hash == verifier.KeyHash()
	}
	if !signed {
		return nil, nil, fmt.Errorf("the log did not sign")
	}
	c, err := parseCheckpoint(n.Text, verifier.Name())
	return n, c, err
}

func parseCheckpoint(text, origin string) (*checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 || lines[0] != origin {
		return nil, fmt.Errorf("not a checkpoint of %s", origin)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return nil, err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return nil, fmt.Errorf("the root is not 32 bytes in base64")
	}
	c := &checkpoint{origin: lines[0], tree: tlog.Tree{N: size}}
	copy(c.tree.Hash[:], root)
	return c, nil
}

func checkNote(a []string) error {
	_, _, err := openNote(a[0], a[1])
	return err
}

func checkCosigned(a []string) error {
	key, err := readKey(a[2])
	if err != nil {
		return err
	}
	witness, err := newCosigner(key)
	if err != nil {
		return err
	}
	n, _, err := openNote(a[0], a[1], witness)
	if err != nil {
		return err
	}
	for _, sig := range n.Sigs {
		if sig.Name == witness.name && sig.Hash == witness.hash {
			return nil
		}
	}
	return fmt.Errorf("no cosignature of %s", witness.name)
}

func readProof(path string) (*proof, []tlog.Hash, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	p := new(proof)
	if err := json.Unmarshal(b, p); err != nil {
		return nil, nil, err
	}
	hashes := make([]tlog.Hash, len(p.Proof))
	for i, h := range p.Proof {
		if copy(hashes[i][:], h) != len(h) || len(h) != tlog.HashSize {
			return nil, nil, fmt.Errorf("a hash of %d bytes", len(h))
		}
	}
	return p, hashes, nil
}

func checkInclusion(a []string) error {
	_, c, err := openNote(a[0], a[1])
	if err != nil {
		return err
	}
	record, err := os.ReadFile(a[2])
	if err != nil {
		return err
	}
	p, hashes, err := readProof(a[3])
	if err != nil {
		return err
	}
	if p.Size != c.tree.N {
		return fmt.Errorf("a proof for %d records, a checkpoint of %d", p.Size, c.tree.N)
	}
	return tlog.CheckRecord(hashes, c.tree.N, c.tree.Hash, p.Index, tlog.RecordHash(record))
}

func checkConsistency(a []string) error {
	_, old, err := openNote(a[0], a[1])
	if err != nil {
		return err
	}
	_, now, err := openNote(a[0], a[2])
	if err != nil {
		return err
	}
	p, hashes, err := readProof(a[3])
	if err != nil {
		return err
	}
	if p.Index != old.tree.N || p.Size != now.tree.N {
		return fmt.Errorf("a proof from %d to %d, checkpoints of %d and %d", p.Index, p.Size, old.tree.N, now.tree.N)
	}
	return tlog.CheckTree(hashes, now.tree.N, now.tree.Hash, old.tree.N, old.tree.Hash)
}

// A folder of tiles, in C2SP's paths: those of the module mirror without the height.
type folder struct {
	dir string
}

func (f folder) Height() int                         { return 8 }
func (f folder) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, t := range tiles {
		path := strings.Replace(t.Path(), "tile/8/", "tile/", 1)
		b, err := os.ReadFile(filepath.Join(f.dir, path))
		if err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	return all, nil
}

func splitBundle(b []byte) ([][]byte, error) {
	var entries [][]byte
	for len(b) > 0 {
		if len(b) < 2 || len(b)-2 < int(binary.BigEndian.Uint16(b)) {
			return nil, fmt.Errorf("a bundle that is cut off")
		}
		n := int(binary.BigEndian.Uint16(b))
		entries = append(entries, b[2:2+n])
		b = b[2+n:]
	}
	return entries, nil
}

func readBundle(dir string, index, size int64) ([][]byte, error) {
	t := tlog.Tile{H: 8, L: -1, N: index, W: 256}
	if rest := size - index*256; rest < 256 {
		t.W = int(rest)
	}
	path := strings.Replace(t.Path(), "tile/8/data/", "tile/entries/", 1)
	b, err := os.ReadFile(filepath.Join(dir, path))
	if err != nil {
		return nil, err
	}
	entries, err := splitBundle(b)
	if err == nil && len(entries) != t.W {
		err = fmt.Errorf("%s has %d entries", path, len(entries))
	}
	return entries, err
}

// TileHashReader checks each tile that it reads against the root.
func checkTiles(a []string) error {
	_, c, err := openNote(a[0], filepath.Join(a[1], "checkpoint"))
	if err != nil {
		return err
	}
	reader := tlog.TileHashReader(c.tree, folder{a[1]})
	root, err := tlog.TreeHash(c.tree.N, reader)
	if err != nil || root != c.tree.Hash {
		return fmt.Errorf("the tiles' root is %v, signed is %v: %v", root, c.tree.Hash, err)
	}
	for first := int64(0); first < c.tree.N; first += 256 {
		entries, err := readBundle(a[1], first/256, c.tree.N)
		if err != nil {
			return err
		}
		indexes := make([]int64, len(entries))
		for i := range entries {
			indexes[i] = tlog.StoredHashIndex(0, first+int64(i))
		}
		leaves, err := reader.ReadHashes(indexes)
		if err != nil {
			return err
		}
		for i, entry := range entries {
			if leaf := tlog.RecordHash(entry); !bytes.Equal(leaf[:], leaves[i][:]) {
				return fmt.Errorf("record %d is not the one in the tree", first+int64(i))
			}
		}
	}
	return nil
}
