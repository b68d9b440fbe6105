package main

// A small tlog-witness in memory for one log, which checks what real ones do: for the test of the
// client alone. It serves until its standard input ends.

import (
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type witness struct {
	log  note.Verifier
	mu   sync.Mutex
	seen tlog.Tree
}

// "old N", the proof's hashes, an empty line, and the note.
func splitRequest(body string) (old int64, proof []tlog.Hash, signed string, err error) {
	head, signed, ok := strings.Cut(body, "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || !strings.HasPrefix(lines[0], "old ") {
		return 0, nil, "", fmt.Errorf("not a request")
	}
	if old, err = strconv.ParseInt(lines[0][4:], 10, 64); err != nil {
		return 0, nil, "", err
	}
	for _, line := range lines[1:] {
		b, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(b) != tlog.HashSize {
			return 0, nil, "", fmt.Errorf("not a hash: %q", line)
		}
		var hash tlog.Hash
		copy(hash[:], b)
		proof = append(proof, hash)
	}
	return old, proof, signed, nil
}

// The status, and the text that is cosigned where that is 200.
func (w *witness) judge(body string) (int, string) {
	old, proof, signed, err := splitRequest(body)
	if err != nil {
		return http.StatusBadRequest, ""
	}
	n, err := note.Open([]byte(signed), note.VerifierList(w.log))
	if err != nil {
		return http.StatusForbidden, ""
	}
	c, err := parseCheckpoint(n.Text, w.log.Name())
	if err != nil || old > c.tree.N {
		return http.StatusBadRequest, ""
	}
	if old != w.seen.N || old == c.tree.N && c.tree.Hash != w.seen.Hash {
		return http.StatusConflict, ""
	}
	if old > 0 && old < c.tree.N && tlog.CheckTree(proof, c.tree.N, c.tree.Hash, old, w.seen.Hash) != nil {
		return http.StatusUnprocessableEntity, ""
	}
	w.seen = c.tree
	return http.StatusOK, n.Text
}

func (w *witness) ServeHTTP(out http.ResponseWriter, in *http.Request) {
	body, err := io.ReadAll(io.LimitReader(in.Body, 1<<20))
	if err != nil || in.Method != http.MethodPost || in.URL.Path != "/w/add-checkpoint" {
		out.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	status, text := w.judge(string(body))
	if status == http.StatusConflict {
		out.Header().Set("Content-Type", "text/x.tlog.size")
	}
	out.WriteHeader(status)
	switch status {
	case http.StatusConflict:
		fmt.Fprintf(out, "%d\n", w.seen.N)
	case http.StatusOK:
		signer, _ := witnessKey()
		cosigned, err := note.Sign(&note.Note{Text: text}, signer)
		if err == nil {
			out.Write(cosigned[len(text)+1:])
		}
	}
}

// VKEY FILE: the key of the log, and where the URL goes.
func serveWitness(a []string) error {
	key, err := readKey(a[0])
	if err != nil {
		return err
	}
	log, err := note.NewVerifier(key)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go http.Serve(listener, &witness{log: log})
	url := fmt.Sprintf("http://%s/w/\n", listener.Addr())
	if err := os.WriteFile(a[1]+".new", []byte(url), 0o600); err != nil {
		return err
	}
	if err := os.Rename(a[1]+".new", a[1]); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}
