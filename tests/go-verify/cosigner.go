package main

// Cosignatures of C2SP witnesses ("cosignature/v1") as verifiers of sumdb/note.

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

const algCosignature = 4

type cosigner struct {
	name string
	hash uint32
	pub  ed25519.PublicKey
}

func (c *cosigner) Name() string    { return c.name }
func (c *cosigner) KeyHash() uint32 { return c.hash }

func cosignedMessage(time uint64, text []byte) []byte {
	return append([]byte(fmt.Sprintf("cosignature/v1\ntime %d\n", time)), text...)
}

func (c *cosigner) Verify(text, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	return ed25519.Verify(c.pub, cosignedMessage(binary.BigEndian.Uint64(sig), text), sig[8:])
}

func cosignerHash(name string, typed []byte) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n"), typed...))
	return binary.BigEndian.Uint32(sum[:])
}

func newCosigner(vkey string) (*cosigner, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("a witness's key has the form name+id+base64")
	}
	typed, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(typed) != 1+ed25519.PublicKeySize || typed[0] != algCosignature {
		return nil, errors.New("not a key of cosignature/v1")
	}
	hash := cosignerHash(parts[0], typed)
	if parts[1] != fmt.Sprintf("%08x", hash) {
		return nil, errors.New("the id is not that of name and key")
	}
	return &cosigner{parts[0], hash, typed[1:]}, nil
}
