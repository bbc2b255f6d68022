// Command verify checks the log's part of an audit pack with the Go project's own note and tlog packages
// (golang.org/x/mod/sumdb, which check Go's module database):
//
//	go run . <folder of the pack>
//
// Signatures of checkpoints, close and pack; the root over all leaf hashes; each leaf; consistency with the checkpoint before;
// the inclusion proofs. It prints one line per check and ends non-zero at the first that fails.
package main

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

var (
	folder    string
	verifiers note.Verifiers
	origin    string
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("FAILED: ")
	if len(os.Args) != 2 {
		log.Fatal("want the folder of the pack")
	}
	folder = os.Args[1]
	readKeys()
	tree := open("checkpoint")
	fmt.Printf("checkpoint: signed by %s, %d entries\n", origin, tree.N)
	checkNotes(tree)
	hashes := checkRoot(tree)
	checkLeaves(hashes)
	checkConsistency(tree)
	checkProofs(tree)
	fmt.Println("OK")
}

func read(name string) []byte {
	data, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(name)))
	must(err)
	return data
}

// exists tells a missing file, which may be, from one that cannot be read.
func exists(name string) bool {
	_, err := os.Stat(filepath.Join(folder, name))
	if err != nil && !os.IsNotExist(err) {
		log.Fatal(err)
	}
	return err == nil
}

func readKeys() {
	var list []note.Verifier
	for _, line := range strings.Fields(string(read("verifier.vkey"))) {
		verifier, err := note.NewVerifier(line)
		must(err)
		list, origin = append(list, verifier), verifier.Name()
	}
	verifiers = note.VerifierList(list...)
}

func text(name string) string {
	opened, err := note.Open(read(name), verifiers)
	if err != nil {
		log.Fatalf("%s: %v", name, err)
	}
	return opened.Text
}

// open gives the tree of a signed checkpoint. tlog.ParseTree knows the go.sum database only, so the three lines are read here.
func open(name string) tlog.Tree {
	lines := strings.Split(text(name), "\n")
	if len(lines) < 4 || lines[0] != origin {
		log.Fatalf("%s: want the lines origin, size and root of %s", name, origin)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	return tlog.Tree{N: size, Hash: hash(lines[2])}
}

// checkNotes holds the signed close and pack against the log.
func checkNotes(tree tlog.Tree) {
	closes, err := filepath.Glob(filepath.Join(folder, "*.close"))
	must(err)
	names := map[string]string{"pack.note": origin + "/pack"}
	for _, path := range closes {
		names[filepath.Base(path)] = origin + "/close"
	}
	for name, first := range names {
		if !exists(name) {
			continue
		}
		said := text(name)
		want := fmt.Sprintf("\ntree_size %d\nroot %s\n", tree.N, tree.Hash)
		if !strings.HasPrefix(said, first+"\n") || !strings.Contains(said, want) {
			log.Fatalf("%s: names another log than the checkpoint", name)
		}
		fmt.Printf("%s: signed, names this log\n", name)
	}
}

// checkRoot builds the tree over all leaf hashes.
func checkRoot(tree tlog.Tree) []byte {
	leaves := read("leaf_hashes.bin")
	if int64(len(leaves)) != tree.N*tlog.HashSize {
		log.Fatalf("leaf_hashes.bin: got %d bytes, want %d for each entry", len(leaves), tlog.HashSize)
	}
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		list := make([]tlog.Hash, len(indexes))
		for n, index := range indexes {
			list[n] = stored[index]
		}
		return list, nil
	})
	for n := int64(0); n < tree.N; n++ {
		leaf := tlog.Hash(leaves[n*tlog.HashSize : (n+1)*tlog.HashSize])
		more, err := tlog.StoredHashesForRecordHash(n, leaf, reader)
		must(err)
		stored = append(stored, more...)
	}
	root, err := tlog.TreeHash(tree.N, reader)
	must(err)
	if root != tree.Hash {
		log.Fatalf("leaf_hashes.bin: got root %s, want %s as signed", root, tree.Hash)
	}
	fmt.Printf("leaf_hashes.bin: %d hashes give the signed root\n", tree.N)
	return leaves
}

// checkLeaves holds the exact leaves of the pack against the log.
func checkLeaves(hashes []byte) {
	leaves, err := os.Open(filepath.Join(folder, "leaves.jsonl"))
	must(err)
	defer leaves.Close()
	indexes := strings.Fields(string(read("leaves.index")))
	lines := bufio.NewScanner(leaves)
	lines.Buffer(nil, 1<<26)
	count := 0
	for ; lines.Scan(); count++ {
		if count >= len(indexes) {
			log.Fatal("leaves.jsonl: more lines than leaves.index")
		}
		index, err := strconv.ParseInt(indexes[count], 10, 64)
		must(err)
		if index < 0 || (index+1)*tlog.HashSize > int64(len(hashes)) {
			log.Fatalf("leaves.index: got entry %d, want one of the log", index)
		}
		want := tlog.Hash(hashes[index*tlog.HashSize : (index+1)*tlog.HashSize])
		if tlog.RecordHash(lines.Bytes()) != want {
			log.Fatalf("leaf %d is not the one in the log", index)
		}
	}
	must(lines.Err())
	if count != len(indexes) {
		log.Fatal("leaves.jsonl: fewer lines than leaves.index")
	}
	fmt.Printf("leaves.jsonl: %d leaves, each in the log\n", count)
}

func checkConsistency(tree tlog.Tree) {
	if !exists("previous.checkpoint") {
		return
	}
	before := open("previous.checkpoint")
	lines := strings.Split(strings.Split(string(read("consistency")), "\n\n")[0], "\n")
	if lines[0] != fmt.Sprintf("old %d", before.N) {
		log.Fatalf("consistency: got %q, want old %d", lines[0], before.N)
	}
	if err := tlog.CheckTree(hashes(lines[1:]), tree.N, tree.Hash, before.N, before.Hash); err != nil {
		log.Fatalf("consistency: %v", err)
	}
	fmt.Printf("consistency: the log goes on from %d entries\n", before.N)
}

func checkProofs(tree tlog.Tree) {
	paths, err := filepath.Glob(filepath.Join(folder, "proofs", "*.tlog-proof"))
	must(err)
	for _, path := range paths {
		name := filepath.Base(path)
		lines := strings.Split(strings.Split(string(read("proofs/"+name)), "\n\n")[0], "\n")
		index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
		must(err)
		leaf := read("proofs/" + strings.TrimSuffix(name, ".tlog-proof") + ".leaf.json")
		if err := tlog.CheckRecord(hashes(lines[2:]), tree.N, tree.Hash, index, tlog.RecordHash(leaf)); err != nil {
			log.Fatalf("proofs/%s: %v", name, err)
		}
	}
	fmt.Printf("proofs: %d entries proved\n", len(paths))
}

func hash(encoded string) (h tlog.Hash) {
	data, err := base64.StdEncoding.DecodeString(encoded)
	must(err)
	if copy(h[:], data) != len(h) {
		log.Fatalf("hash: got %d bytes, want %d", len(data), len(h))
	}
	return h
}

func hashes(lines []string) []tlog.Hash {
	list := make([]tlog.Hash, len(lines))
	for n, line := range lines {
		list[n] = hash(line)
	}
	return list
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
