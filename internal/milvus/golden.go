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
	"strconv"
	"strings"

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
	return `write one query a line: [0.1, 0.2] or {"vector": [0.1, 0.2], "filter": "id > 0", "params": {"ef": 64}, "ids": [7, 9]}`
}

// GoldenQuery is one line of a file of golden queries.
type GoldenQuery struct {
	Line   int // of the file
	Vector []float64
	Filter string          // "" for none
	Params json.RawMessage // search parameters of the index, as an object; nil for none
	// IDs are the keys that the query has to find, as text, the best first. nil lets
	// blue decide; a list without an entry expects nothing.
	IDs []string
}

// GoldenQueries reads the file that `golden` names, and the SHA-256 of its
// bytes. The error is a *VectorError.
func GoldenQueries(ctx context.Context, g *manifest.Golden) (queries []GoldenQuery, sum string, err error) {
	path := g.Path()
	text, err := input.Read(ctx, path, maxVectorFile)
	if err != nil {
		return nil, "", &VectorError{File: path, Reason: "the query vectors cannot be read", Err: pathless(err)}
	}
	if queries, err = DecodeQueries(path, bytes.NewReader(text)); err != nil {
		return nil, "", err
	}
	digest := sha256.Sum256(text)
	return queries, hex.EncodeToString(digest[:]), nil
}

// DecodeQueries reads golden queries, one a line: an array of numbers, or an
// object with such an array as "vector" and perhaps a "filter", "params" and "ids"
// (other fields are ignored). Empty lines are skipped; all vectors have to be of one
// length, and there has to be one at least. name stands for the file in the
// *VectorError.
func DecodeQueries(name string, from io.Reader) ([]GoldenQuery, error) {
	var (
		queries []GoldenQuery
		first   int // the line of the first vector
		line    int
		total   int
	)
	bad := func(reason string, err error) ([]GoldenQuery, error) {
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
		query, err := decodeQuery(text)
		vector := query.Vector
		switch {
		case err != nil:
			return bad("this is no vector", err)
		case len(vector) == 0:
			return bad("the vector is empty", nil)
		case len(vector) > maxDimension:
			return bad(fmt.Sprintf("the vector has %d dimensions; Milvus allows %d", len(vector), maxDimension), nil)
		case len(queries) > 0 && len(vector) != len(queries[0].Vector):
			return bad(fmt.Sprintf("the vector has %d dimensions; that of line %d has %d", len(vector), first, len(queries[0].Vector)), nil)
		case len(queries) == maxVectorCount:
			return bad(fmt.Sprintf("there are more than %d vectors", maxVectorCount), nil)
		}
		if len(queries) == 0 {
			first = line
		}
		query.Line = line
		queries = append(queries, query)
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		line++
		return bad(fmt.Sprintf("the line is longer than %d MiB", maxVectorLine>>20), nil)
	case err != nil:
		line = 0
		return bad("the query vectors cannot be read", pathless(err))
	case len(queries) == 0:
		line = 0
		return bad("there is no vector in it", nil)
	}
	return queries, nil
}

// decodeQuery reads one line. Numbers that no float64 holds are errors, and
// so is null, which encoding/json would take for 0 or for nothing.
func decodeQuery(text []byte) (q GoldenQuery, err error) {
	var numbers []*float64
	if text[0] == '{' {
		var object struct {
			Vector []*float64        `json:"vector"`
			Filter *string           `json:"filter"`
			Params json.RawMessage   `json:"params"`
			IDs    []json.RawMessage `json:"ids"`
		}
		if err := json.Unmarshal(text, &object); err != nil {
			return q, input.JSONError(err)
		}
		if err := onceEach(text, "vector", "filter", "params", "ids"); err != nil {
			return q, err
		}
		if object.Vector == nil {
			return q, errors.New(`it has no "vector"`)
		}
		numbers = object.Vector
		if object.Filter != nil {
			if q.Filter = strings.TrimSpace(*object.Filter); q.Filter == "" {
				return q, errors.New(`its "filter" is empty`)
			}
		}
		if p := object.Params; p != nil && string(p) != "null" {
			if p[0] != '{' {
				return q, errors.New(`its "params" are no object`)
			}
			q.Params = p
		}
		if q.IDs, err = decodeIDs(object.IDs); err != nil {
			return q, err
		}
	} else if err := json.Unmarshal(text, &numbers); err != nil {
		return q, input.JSONError(err)
	}
	q.Vector = make([]float64, len(numbers))
	for i, n := range numbers {
		if n == nil {
			return q, fmt.Errorf("number %d is null", i+1)
		}
		q.Vector[i] = *n
	}
	return q, nil
}

// onceEach refuses an object that has one of the fields twice or in another case, which
// encoding/json takes for the field and lets the last one win. text is valid JSON.
func onceEach(text []byte, fields ...string) error {
	seen := make(map[string]bool, len(fields))
	d := json.NewDecoder(bytes.NewReader(text))
	_, err := d.Token() // the brace
	for err == nil && d.More() {
		var key json.Token
		if key, err = d.Token(); err != nil {
			break
		}
		name := key.(string)
		for _, field := range fields {
			switch {
			case name != field && strings.EqualFold(name, field):
				return fmt.Errorf("its field %q has to be written %q", name, field)
			case name == field && seen[field]:
				return fmt.Errorf("it has %q twice", field)
			}
		}
		seen[name] = true
		var value json.RawMessage
		err = d.Decode(&value)
	}
	return err
}

// decodeIDs reads keys: whole numbers or texts, each once.
func decodeIDs(list []json.RawMessage) ([]string, error) {
	if list == nil {
		return nil, nil
	}
	ids := make([]string, len(list))
	seen := make(map[string]bool, len(list))
	for i, raw := range list {
		text := string(raw)
		if raw[0] == '"' {
			if err := json.Unmarshal(raw, &text); err != nil {
				return nil, input.JSONError(err)
			}
		} else if _, err := strconv.ParseInt(text, 10, 64); err != nil {
			return nil, fmt.Errorf(`number %d of its "ids" is neither a whole number nor a text`, i+1)
		}
		if seen[text] {
			return nil, fmt.Errorf(`its "ids" have %s twice`, strconv.Quote(text))
		}
		seen[text], ids[i] = true, text
	}
	return ids, nil
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
