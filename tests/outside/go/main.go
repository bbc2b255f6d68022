// Command verify checks a log with programs that others wrote: golang.org/x/mod's note and tlog, and
// github.com/transparency-dev/merkle.
//
//	verify <folder of the log> <verifier key> < cases.json
//
// It opens each checkpoint, checks each proof, reads each tile through tlog's own reader, and prints how many of each held.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type cases struct {
	// Signed checkpoints, in order of size.
	Checkpoints []string
	Inclusions  []struct {
		Index, Size int64
		Leaf        []byte
		Proof       [][]byte
	}
	Consistencies []struct {
		Old, Size int64
		Proof     [][]byte
	}
	// Indexes whose leaf hashes are read from the tiles of the largest checkpoint, with what they must be.
	Tiles []struct {
		Index int64
		Hash  []byte
	}
}

func main() {
	log.SetFlags(0)
	folder, vkey := os.Args[1], os.Args[2]
	var given cases
	must(json.NewDecoder(os.Stdin).Decode(&given))
	verifier, err := note.NewVerifier(vkey)
	must(err)

	roots := map[int64]tlog.Hash{}
	var largest tlog.Tree
	for _, text := range given.Checkpoints {
		tree := open(text, verifier)
		roots[tree.N] = tree.Hash
		if tree.N >= largest.N {
			largest = tree
		}
		if _, err := note.Open([]byte(strings.Replace(text, "\n", "x\n", 1)), note.VerifierList(verifier)); err == nil {
			log.Fatalf("checkpoint of %d: a changed text was accepted", tree.N)
		}
	}
	for _, each := range given.Inclusions {
		root := roots[each.Size]
		must(tlog.CheckRecord(hashes(each.Proof), each.Size, root, each.Index, tlog.RecordHash(each.Leaf)))
		leaf := rfc6962.DefaultHasher.HashLeaf(each.Leaf)
		must(proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(each.Index), uint64(each.Size), leaf, each.Proof, root[:]))
		changed := append([]byte("x"), each.Leaf...)
		if tlog.CheckRecord(hashes(each.Proof), each.Size, root, each.Index, tlog.RecordHash(changed)) == nil {
			log.Fatalf("entry %d of %d: a changed leaf was accepted", each.Index, each.Size)
		}
	}
	for _, each := range given.Consistencies {
		old, root := roots[each.Old], roots[each.Size]
		must(tlog.CheckTree(hashes(each.Proof), each.Size, root, each.Old, old))
		must(proof.VerifyConsistency(rfc6962.DefaultHasher, uint64(each.Old), uint64(each.Size), each.Proof, old[:], root[:]))
	}
	readTiles(folder, largest, given)
	fmt.Printf("%d checkpoints, %d inclusions, %d consistencies, %d leaves from tiles\n",
		len(given.Checkpoints), len(given.Inclusions), len(given.Consistencies), len(given.Tiles))
}

// open gives the tree of a signed checkpoint. tlog.ParseTree knows the go.sum database only, so the three lines are read here.
func open(text string, verifier note.Verifier) tlog.Tree {
	opened, err := note.Open([]byte(text), note.VerifierList(verifier))
	must(err)
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() || lines[3] != "" {
		log.Fatalf("checkpoint: got %q, want origin, size and root", opened.Text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	root, err := base64.StdEncoding.DecodeString(lines[2])
	must(err)
	return tlog.Tree{N: size, Hash: hash(root)}
}

// tiles reads C2SP paths: Go's own name the height of tiles, which is always 8.
type tiles struct{ folder string }

func (tiles) Height() int { return 8 }

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	read := make([][]byte, len(wanted))
	for n, tile := range wanted {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(t.folder, filepath.FromSlash(path)))
		if err != nil {
			return nil, err
		}
		read[n] = data
	}
	return read, nil
}

func (tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func readTiles(folder string, tree tlog.Tree, given cases) {
	if len(given.Tiles) == 0 {
		return
	}
	// TileHashReader checks every tile that it reads against the tree's root.
	reader := tlog.TileHashReader(tree, tiles{folder})
	for _, each := range given.Tiles {
		got, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, each.Index)})
		must(err)
		if !bytes.Equal(got[0][:], each.Hash) {
			log.Fatalf("leaf %d: got %s in the tiles, want %x", each.Index, got[0], each.Hash)
		}
	}
}

func hash(data []byte) (h tlog.Hash) {
	if copy(h[:], data) != len(h) {
		log.Fatalf("hash: got %d bytes, want %d", len(data), len(h))
	}
	return h
}

func hashes(list [][]byte) []tlog.Hash {
	out := make([]tlog.Hash, len(list))
	for n, each := range list {
		out[n] = hash(each)
	}
	return out
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
