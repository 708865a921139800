// SPDX-License-Identifier: Apache-2.0

// checkpoint.go KEY OLD NEW CONSISTENCY EVENT INDEX INCLUSION: judges two checkpoints of an audit log and their proofs with the
// code that Go verifies its module checksums with. Proofs are hashes in hexadecimal with commas between.
package main

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func tree(file string, verifiers note.Verifiers) tlog.Tree {
	bytes, err := os.ReadFile(file)
	check(err)
	opened, err := note.Open(bytes, verifiers)
	check(err)
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	root, err := base64.StdEncoding.DecodeString(lines[2])
	check(err)
	var result tlog.Tree
	result.N = size
	copy(result.Hash[:], root)
	return result
}

func hashes(text string) []tlog.Hash {
	var list []tlog.Hash
	for _, one := range strings.Split(text, ",") {
		bytes, err := hex.DecodeString(one)
		check(err)
		var hash tlog.Hash
		copy(hash[:], bytes)
		list = append(list, hash)
	}
	return list
}

func main() {
	verifier, err := note.NewVerifier(os.Args[1])
	check(err)
	verifiers := note.VerifierList(verifier)
	older := tree(os.Args[2], verifiers)
	newer := tree(os.Args[3], verifiers)
	check(tlog.CheckTree(hashes(os.Args[4]), newer.N, newer.Hash, older.N, older.Hash))
	event, err := os.ReadFile(os.Args[5])
	check(err)
	index, err := strconv.ParseInt(os.Args[6], 10, 64)
	check(err)
	check(tlog.CheckRecord(hashes(os.Args[7]), newer.N, newer.Hash, index, tlog.RecordHash(event)))
	fmt.Printf("%d is the beginning of %d, which has the event\n", older.N, newer.N)
}
