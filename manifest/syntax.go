package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"
)

// Finding the line of a syntax error
//
// yaml.v3 gives the place of an error only as text, and its line is often wrong: it
// is that of the surrounding block, or one too low, or missing. So three facts
// are put together. The text is handed to the decoder line by line, hence the
// error cannot be behind the last line that it asked for. The line that it
// reports, if any, is near the opening bracket or quote when that is what is
// wrong. And a text cut off behind a whole statement decodes: the error is in
// the line behind the longest beginning of the file that still does.
//
// That longest beginning is looked for just before the last line handed over,
// then around the reported line, then by halving. Decoding beginnings again
// and again must not make a big file slow to refuse, so the search may decode
// maxProbe bytes in all; after that, the last line handed over is the answer.
const maxProbe = 2 << 20

// lineReader hands out at most one line a time and counts them.
type lineReader struct {
	rest   []byte
	count  int  // of the lines handed out, the last one perhaps in part
	inside bool // of a line
}

func (r *lineReader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	n := min(len(r.rest), len(p))
	end := bytes.IndexByte(r.rest[:n], '\n')
	if end >= 0 {
		n = end + 1
	}
	if !r.inside {
		r.count++
	}
	r.inside = end < 0
	copy(p, r.rest[:n])
	r.rest = r.rest[n:]
	return n, nil
}

// decodeNode is dec.Decode that answers a panic of the library with an error.
func decodeNode(dec *yaml.Decoder, node *yaml.Node) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("yaml: the decoder failed: %v", r)
		}
	}()
	return dec.Decode(node)
}

// decodes reports whether data is a stream of well-formed YAML documents.
func decodes(data []byte) bool {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var node yaml.Node
		if err := decodeNode(dec, &node); err != nil {
			return errors.Is(err, io.EOF)
		}
	}
}

// yamlError takes an error of yaml.v3 apart.
var yamlError = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?s)^yaml: (?:line ([0-9]+): )?(.*)$`)
})

// syntaxError is where and why data is not well-formed, from the decoder's
// error and the number of lines that had been handed to it.
func syntaxError(data []byte, err error, handed int) (line int, message, hint string) {
	message = err.Error()
	reported := 0
	if m := yamlError().FindStringSubmatch(message); m != nil {
		reported, _ = strconv.Atoi(m[1])
		message = m[2]
	}
	line = faultyLine(data, reported, max(handed, 1))
	if hint = syntaxHint(lineOf(data, line)); hint == "" {
		hint = layoutHint(data, line)
	}
	return line, "invalid YAML: " + message, hint
}

func faultyLine(data []byte, reported, last int) int {
	budget := maxProbe
	decodesUpTo := func(line int) (ok, tried bool) {
		beginning := data[:lineEnd(data, line)]
		if budget -= len(beginning); budget < 0 {
			return false, false
		}
		return decodes(beginning), true
	}
	bad := last
	for _, line := range []int{last - 1, last - 2, last - 3, reported, reported - 1, reported - 2} {
		if line < 0 || line >= last {
			continue
		}
		switch ok, tried := decodesUpTo(line); {
		case !tried:
			return last
		case ok:
			return line + 1
		}
		bad = min(bad, line)
	}
	good := 0
	for bad-good > 1 {
		middle := (good + bad) / 2
		switch ok, tried := decodesUpTo(middle); {
		case !tried:
			return last
		case ok:
			good = middle
		default:
			bad = middle
		}
	}
	return good + 1
}

// syntaxHint helps with the mistakes that everybody makes.
func syntaxHint(line string) string {
	indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
	variable := strings.Index(line, "${")
	switch {
	case strings.HasPrefix(line, "<<<<<<<"), strings.HasPrefix(line, "======="), strings.HasPrefix(line, ">>>>>>>"):
		return "is a merge conflict not resolved?"
	case strings.Contains(indent, "\t"):
		return "indent with spaces, YAML does not allow tabs"
	case variable >= 0 && strings.ContainsAny(line[:variable], "[{"):
		return `inside [...] and {...} a value with a variable needs quotes: "products_${rev}"`
	case strings.Count(line, "[") != strings.Count(line, "]"), strings.Count(line, "{") != strings.Count(line, "}"):
		return "is a bracket of this line not closed?"
	case strings.Count(line, `"`)%2 != 0:
		return "is a quote of this line not closed?"
	}
	return ""
}

// layoutHint helps where a line, or the one above it, does not look like `key: value`.
func layoutHint(data []byte, line int) string {
	const lacks = "is a colon missing in %s, or the blank behind it?"
	here := lineOf(data, line)
	if lacksColon(here) {
		return fmt.Sprintf(lacks, "this line")
	}
	if strings.Count(here, ": ") > 1 && !strings.ContainsAny(here, `{"'`) {
		return "put a value that has a colon into quotes"
	}
	n := line - 1
	for n > 0 && n > line-20 && isBlank(lineOf(data, n)) { // each is found from the beginning
		n--
	}
	switch above := lineOf(data, n); {
	case n == 0:
	case lacksColon(above):
		return fmt.Sprintf(lacks, fmt.Sprintf("line %d", n))
	case indentOf(here) > 0 && indentOf(here) < indentOf(above), indentOf(here) > indentOf(above) && !strings.HasSuffix(above, ":"):
		return fmt.Sprintf("should this line be indented as line %d is?", n)
	}
	return ""
}

// isBlank reports that a line has nothing but a comment.
func isBlank(line string) bool {
	text := strings.TrimSpace(line)
	return text == "" || text[0] == '#'
}

func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// lacksColon reports that a line is neither a field nor an item of a list.
func lacksColon(line string) bool {
	text, _, _ := strings.Cut(strings.TrimSpace(line), " #")
	text = strings.TrimSpace(text)
	return !isBlank(text) && !strings.ContainsAny(text[:1], "-[]{}&*\"'%") && !strings.Contains(text, ": ") && !strings.HasSuffix(text, ":")
}

// lineEnd is the offset behind the given line, which counts from 1.
func lineEnd(data []byte, line int) int {
	end := 0
	for range line {
		i := bytes.IndexByte(data[end:], '\n')
		if i < 0 {
			return len(data)
		}
		end += i + 1
	}
	return end
}

// lineOf is the text of a line, which counts from 1, without its end.
func lineOf(data []byte, line int) string {
	start, end := lineEnd(data, line-1), lineEnd(data, line)
	return strings.TrimRight(string(data[start:min(end, start+4096)]), "\r\n")
}
