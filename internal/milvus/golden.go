package milvus

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"aliasctl/internal/input"
	"aliasctl/manifest"
)

// The bounds of a file of query vectors. Milvus has vectors of at most 32,768
// dimensions; each query is asked twice, one after the other.
const (
	maxDimension   = 32768
	maxVectorLine  = 1 << 20
	maxVectorFile  = 64 << 20
	maxVectorCount = 10_000
)

// VectorError is a file of query vectors that cannot be used.
type VectorError struct {
	File   string
	Line   int // 0 for the file as a whole
	Reason string
	Err    error // the cause, when there is one
}

// Error is FILE:LINE:1: error: REASON, as editors and CI systems find it.
func (e *VectorError) Error() string {
	place := e.File
	if e.Line > 0 {
		place = fmt.Sprintf("%s:%d:1", e.File, e.Line)
	}
	if e.Err != nil {
		return fmt.Sprintf("%s: error: %s: %v", place, e.Reason, e.Err)
	}
	return fmt.Sprintf("%s: error: %s", place, e.Reason)
}

// Unwrap returns the cause.
func (e *VectorError) Unwrap() error { return e.Err }

// Hint is the advice that goes with the error.
func (e *VectorError) Hint() string {
	switch {
	case errors.Is(e.Err, fs.ErrNotExist):
		return "`file` of `golden` is looked for beside its manifest"
	case e.Line == 0 && e.Err != nil:
		return "check the file that `golden` names, and its permissions"
	}
	return `write one vector a line: [0.1, 0.2] or {"vector": [0.1, 0.2]}`
}

// GoldenVectors reads the file that `golden` names, and the SHA-256 of its
// bytes. The error is a *VectorError.
func GoldenVectors(ctx context.Context, g *manifest.Golden) (vectors [][]float64, sum string, err error) {
	path := g.Path()
	text, err := input.Read(ctx, path, maxVectorFile)
	if err != nil {
		return nil, "", &VectorError{File: path, Reason: "the query vectors cannot be read", Err: pathless(err)}
	}
	if vectors, err = DecodeVectors(path, bytes.NewReader(text)); err != nil {
		return nil, "", err
	}
	digest := sha256.Sum256(text)
	return vectors, hex.EncodeToString(digest[:]), nil
}

// DecodeVectors reads query vectors, one a line: an array of numbers, or an
// object with such an array as "vector" (other fields are ignored). Empty
// lines are skipped; all vectors have to be of one length, and there has to be
// one at least. name stands for the file in the *VectorError.
func DecodeVectors(name string, from io.Reader) ([][]float64, error) {
	var (
		vectors [][]float64
		first   int // the line of the first vector
		line    int
		total   int
	)
	bad := func(reason string, err error) ([][]float64, error) {
		return nil, &VectorError{File: name, Line: line, Reason: reason, Err: err}
	}
	lines := bufio.NewScanner(from)
	lines.Buffer(make([]byte, 0, 64<<10), maxVectorLine)
	for lines.Scan() {
		line++
		if total += len(lines.Bytes()) + 1; total > maxVectorFile {
			return bad(fmt.Sprintf("the file is larger than %d MiB", maxVectorFile>>20), nil)
		}
		text := bytes.TrimSpace(lines.Bytes())
		if len(text) == 0 {
			continue
		}
		vector, err := decodeVector(text)
		switch {
		case err != nil:
			return bad("this is no vector", err)
		case len(vector) == 0:
			return bad("the vector is empty", nil)
		case len(vector) > maxDimension:
			return bad(fmt.Sprintf("the vector has %d dimensions; Milvus allows %d", len(vector), maxDimension), nil)
		case len(vectors) > 0 && len(vector) != len(vectors[0]):
			return bad(fmt.Sprintf("the vector has %d dimensions; that of line %d has %d", len(vector), first, len(vectors[0])), nil)
		case len(vectors) == maxVectorCount:
			return bad(fmt.Sprintf("there are more than %d vectors", maxVectorCount), nil)
		}
		if len(vectors) == 0 {
			first = line
		}
		vectors = append(vectors, vector)
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		line++
		return bad(fmt.Sprintf("the line is longer than %d MiB", maxVectorLine>>20), nil)
	case err != nil:
		line = 0
		return bad("the query vectors cannot be read", pathless(err))
	case len(vectors) == 0:
		line = 0
		return bad("there is no vector in it", nil)
	}
	return vectors, nil
}

// decodeVector reads one line. Numbers that no float64 holds are errors, and
// so is null, which encoding/json would take for 0 or for nothing.
func decodeVector(text []byte) ([]float64, error) {
	var numbers []*float64
	if text[0] == '{' {
		var object struct {
			Vector []*float64 `json:"vector"`
		}
		if err := json.Unmarshal(text, &object); err != nil {
			return nil, input.JSONError(err)
		}
		if object.Vector == nil {
			return nil, errors.New(`it has no "vector"`)
		}
		numbers = object.Vector
	} else if err := json.Unmarshal(text, &numbers); err != nil {
		return nil, input.JSONError(err)
	}
	vector := make([]float64, len(numbers))
	for i, n := range numbers {
		if n == nil {
			return nil, fmt.Errorf("number %d is null", i+1)
		}
		vector[i] = *n
	}
	return vector, nil
}

// pathless is the cause of a file error without the path, which the message
// names already.
func pathless(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
