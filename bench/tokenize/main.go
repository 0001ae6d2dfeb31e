// Command tokenize is fettle's side of bench/tokenize: it encodes what it is told to and says how long that took.
//
// In: lines {"docs": FILE, "passes": N} on stdin, the file being JSON, a list of texts. Out: for each a line {"wall", "cpu",
// "digest"}: seconds of one pass, and the SHA-256 of the ids.
package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"syscall"
	"time"

	"fettle/internal/tokenizer"
)

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "tokenize:", err)
		os.Exit(1)
	}
}

func run(path string) error {
	tok, err := tokenizer.Load(path)
	if err != nil {
		return err
	}
	docs := map[string][]string{}
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var job struct {
			Docs   string
			Passes int
		}
		if err := json.Unmarshal(in.Bytes(), &job); err != nil {
			return err
		}
		texts, ok := docs[job.Docs]
		if !ok {
			data, err := os.ReadFile(job.Docs)
			if err != nil {
				return err
			}
			if err := json.Unmarshal(data, &texts); err != nil {
				return err
			}
			docs[job.Docs] = texts
		}
		var ids [][]int32
		wall, cpu := time.Now(), spent()
		for range job.Passes {
			ids = tok.EncodeBatch(texts, tokenizer.Options{})
		}
		n := float64(job.Passes)
		fmt.Printf("{\"wall\":%g,\"cpu\":%g,\"digest\":%q}\n", time.Since(wall).Seconds()/n, (spent()-cpu)/n, digest(ids))
	}
	return nil
}

// spent is the processor time of this process, in seconds.
func spent() float64 {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano()).Seconds()
}

// digest is that of the ids as little-endian integers of 32 bits, -1 after each text.
func digest(ids [][]int32) string {
	h := sha256.New()
	var b []byte
	for _, text := range ids {
		b = b[:0]
		for _, id := range append(text, -1) {
			b = binary.LittleEndian.AppendUint32(b, uint32(id))
		}
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil))
}
