// Command second-opinion checks a log's files with code of other people: golang.org/x/mod/sumdb and
// github.com/transparency-dev/merkle. It reads one JSON document and prints one.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type treeHead struct {
	Size int64  `json:"size"`
	Root []byte `json:"root"`
}

type inclusion struct {
	Index int64    `json:"index"`
	Tree  treeHead `json:"tree"`
	Entry []byte   `json:"entry"`
	Proof [][]byte `json:"proof"`
}

type consistency struct {
	Older treeHead `json:"older"`
	Newer treeHead `json:"newer"`
	Proof [][]byte `json:"proof"`
}

type document struct {
	VerifierKey string            `json:"verifierKey"`
	Checkpoint  string            `json:"checkpoint"`
	SignerKey   string            `json:"signerKey"`
	Files       map[string][]byte `json:"files"`
	Inclusion   []inclusion       `json:"inclusion"`
	Consistency []consistency     `json:"consistency"`
}

func main() {
	var in document
	check(json.NewDecoder(os.Stdin).Decode(&in))
	head := openCheckpoint(in)
	checkTiles(in, head)
	for _, one := range in.Inclusion {
		checkInclusion(one)
	}
	for _, one := range in.Consistency {
		checkConsistency(one)
	}
	check(json.NewEncoder(os.Stdout).Encode(map[string]any{
		"size": head.N, "inclusion": len(in.Inclusion), "consistency": len(in.Consistency),
		"files": len(in.Files), "signed": signed(in, head),
	}))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func require(ok bool, format string, args ...any) {
	if !ok {
		check(fmt.Errorf(format, args...))
	}
}

func openCheckpoint(in document) tlog.Tree {
	verifier, err := note.NewVerifier(in.VerifierKey)
	check(err)
	opened, err := note.Open([]byte(in.Checkpoint), note.VerifierList(verifier))
	check(err)
	lines := strings.Split(opened.Text, "\n")
	require(len(lines) == 4 && lines[0] == verifier.Name(), "not a checkpoint: %q", opened.Text)
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	root, err := tlog.ParseHash(lines[2])
	check(err)
	return tlog.Tree{N: size, Hash: root}
}

// files serves tiles as sumdb asks for them: their paths have the height in front.
type files map[string][]byte

func (f files) Height() int { return 8 }

func (f files) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range tiles {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, ok := f[path]
		if !ok {
			return nil, fmt.Errorf("no %s", path)
		}
		found = append(found, data)
	}
	return found, nil
}

func (f files) SaveTiles([]tlog.Tile, [][]byte) {}

// checkTiles reads every leaf hash through tiles that are verified against the signed root, and
// compares each with the entry in the bundles.
func checkTiles(in document, head tlog.Tree) {
	reader := tlog.TileHashReader(head, files(in.Files))
	root, err := tlog.TreeHash(head.N, reader)
	check(err)
	require(root == head.Hash, "the tiles have another root")
	var indexes []int64
	for i := int64(0); i < head.N; i++ {
		indexes = append(indexes, tlog.StoredHashIndex(0, i))
	}
	leaves, err := reader.ReadHashes(indexes)
	check(err)
	for i, leaf := range leaves {
		require(tlog.RecordHash(entryAt(in, int64(i), head.N)) == leaf, "entry %d has another hash", i)
	}
}

func entryAt(in document, index, size int64) []byte {
	tile := tlog.Tile{H: 8, L: -1, N: index / 256, W: int(min(size-index/256*256, 256))}
	data := in.Files[strings.Replace(tile.Path(), "tile/8/data/", "tile/entries/", 1)]
	for i := int64(0); ; i++ {
		require(len(data) >= 2, "a bundle is too short")
		length := int(data[0])<<8 | int(data[1])
		require(len(data) >= 2+length, "an entry is cut off")
		if i == index%256 {
			return data[2 : 2+length]
		}
		data = data[2+length:]
	}
}

func checkInclusion(one inclusion) {
	leaf := rfc6962.DefaultHasher.HashLeaf(one.Entry)
	check(proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(one.Index), uint64(one.Tree.Size),
		leaf, one.Proof, one.Tree.Root))
	check(tlog.CheckRecord(hashes(one.Proof), one.Tree.Size, hash(one.Tree.Root), one.Index,
		tlog.RecordHash(one.Entry)))
}

func checkConsistency(one consistency) {
	check(proof.VerifyConsistency(rfc6962.DefaultHasher, uint64(one.Older.Size),
		uint64(one.Newer.Size), one.Proof, one.Older.Root, one.Newer.Root))
	check(tlog.CheckTree(hashes(one.Proof), one.Newer.Size, hash(one.Newer.Root),
		one.Older.Size, hash(one.Older.Root)))
}

func hash(data []byte) (h tlog.Hash) {
	require(len(data) == tlog.HashSize, "a hash has %d bytes", len(data))
	copy(h[:], data)
	return h
}

func hashes(all [][]byte) (list []tlog.Hash) {
	for _, one := range all {
		list = append(list, hash(one))
	}
	return list
}

// signed is a checkpoint made here, for the caller to open.
func signed(in document, head tlog.Tree) string {
	signer, err := note.NewSigner(in.SignerKey)
	check(err)
	text := fmt.Sprintf("%s\n%d\n%s\n", signer.Name(), head.N, head.Hash)
	made, err := note.Sign(&note.Note{Text: text}, signer)
	check(err)
	return string(bytes.TrimSpace(made)) + "\n"
}
