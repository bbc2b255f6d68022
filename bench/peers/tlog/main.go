// Command tlog keeps a log of the same leaves with golang.org/x/mod/sumdb/tlog, as its users do.
//
//	tlog append <leaves> <folder>          hashes each line of the file as a record, and writes tiles of height 8
//	tlog verify <leaves> <folder> <root>   reads the tiles back through tlog's own reader, which authenticates them
//	                                       against the root (base64), and holds each leaf against them
//
// It prints the root in base64.
package main

import (
	"bufio"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	height = 8
	batch  = 1 << height
)

// stored holds every hash of the tree, in tlog's order.
type stored []tlog.Hash

func (s *stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		hashes[i] = (*s)[index]
	}
	return hashes, nil
}

// folder holds tiles as files.
type folder string

func (f folder) Height() int { return height }

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, tile := range tiles {
		read, err := os.ReadFile(filepath.Join(string(f), tile.Path()))
		if err != nil {
			return nil, err
		}
		data[i] = read
	}
	return data, nil
}

func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}

func main() {
	log.SetFlags(0)
	var root tlog.Hash
	switch os.Args[1] {
	case "append":
		root = appendAll(os.Args[2], os.Args[3])
	case "verify":
		want, err := tlog.ParseHash(os.Args[4])
		must(err)
		verify(os.Args[2], os.Args[3], want)
		root = want
	default:
		log.Fatalf("tlog: got %s, want append or verify", os.Args[1])
	}
	fmt.Println(root)
}

func appendAll(leaves, to string) tlog.Hash {
	var hashes stored
	size := int64(0)
	eachLine(leaves, func(line []byte) {
		more, err := tlog.StoredHashes(size, line, &hashes)
		must(err)
		hashes = append(hashes, more...)
		size++
	})
	for _, tile := range tlog.NewTiles(height, 0, size) {
		data, err := tlog.ReadTileData(tile, &hashes)
		must(err)
		path := filepath.Join(to, tile.Path())
		must(os.MkdirAll(filepath.Dir(path), 0o755))
		must(os.WriteFile(path, data, 0o644))
	}
	root, err := tlog.TreeHash(size, &hashes)
	must(err)
	return root
}

func verify(leaves, from string, root tlog.Hash) {
	size := int64(0)
	eachLine(leaves, func([]byte) { size++ })
	reader := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, folder(from))
	var indexes []int64
	var want []tlog.Hash
	compare := func() {
		got, err := reader.ReadHashes(indexes)
		must(err)
		for i, hash := range got {
			if hash != want[i] {
				log.Fatalf("tlog: leaf at stored index %d: got %v, want %v", indexes[i], hash, want[i])
			}
		}
		indexes, want = indexes[:0], want[:0]
	}
	leaf := int64(0)
	eachLine(leaves, func(line []byte) {
		indexes = append(indexes, tlog.StoredHashIndex(0, leaf))
		want = append(want, tlog.RecordHash(line))
		leaf++
		if len(indexes) == batch {
			compare()
		}
	})
	if len(indexes) > 0 {
		compare()
	}
}

func eachLine(path string, do func(line []byte)) {
	file, err := os.Open(path)
	must(err)
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(make([]byte, 1<<20), 1<<20)
	for lines.Scan() {
		do(lines.Bytes())
	}
	must(lines.Err())
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
