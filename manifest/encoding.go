package manifest

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// maxBadLines is how many lines with bad characters are reported before the
// file is taken for something that is not a text at all.
const maxBadLines = 10

const encodingHint = "save the file as UTF-8"

// checkEncoding reports the first bad character of every line of data, which
// has no byte order mark. It returns the text to go on with, in which every
// bad character is U+FFFD, or false when decoding it makes no sense.
//
// The line separators that only YAML 1.1 knows are refused too: behind one of
// them an editor shows a comment where the YAML decoder sees a field.
func checkEncoding(data []byte, report func(rule RuleID, line, column int, hint, format string, args ...any)) ([]byte, bool) {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		report(BadCharacter, 1, 1, encodingHint, "the file is UTF-16")
		return nil, false
	}
	line, start := 1, 0 // and where it starts
	bad, badLine := 0, 0
	for i := 0; ; {
		for i < len(data) && plainByte[data[i]] {
			i++
		}
		switch {
		case i == len(data):
			return repair(data, bad), true
		case data[i] == '\n':
			i++
			line, start = line+1, i
			continue
		case data[i] == '\r' && i+1 < len(data) && data[i+1] == '\n':
			i++
			continue
		}
		r, size := utf8.DecodeRune(data[i:])
		if !allowedRune(r, size) && badLine != line {
			column := utf8.RuneCount(data[start:i]) + 1
			if bad == maxBadLines {
				report(BadCharacter, line, column, "is it a text file?", "bad characters in too many lines, the file is not read further")
				return nil, false
			}
			bad, badLine = bad+1, line
			message, hint := runeFault(r, size, data[i])
			report(BadCharacter, line, column, hint, "%s", message)
		}
		i += size
	}
}

// runeFault reports what is wrong with a rune that took size bytes, the first of
// them c.
func runeFault(r rune, size int, c byte) (message, hint string) {
	switch {
	case r == utf8.RuneError && size == 1:
		return fmt.Sprintf("byte 0x%02x is not valid UTF-8", c), encodingHint
	case r == '\r':
		return "a carriage return without a line feed is not allowed", "end lines with LF or CR LF"
	case isLineSeparator(r):
		return fmt.Sprintf("the line separator %U is not allowed", r), "remove it"
	}
	return fmt.Sprintf("the control character %U is not allowed", r), "remove it"
}

// repair replaces the bad characters of data, which has bad lines with some.
func repair(data []byte, bad int) []byte {
	if bad == 0 {
		return data
	}
	return bytes.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return ' '
		case r == '\n' || allowedRune(r, utf8.RuneLen(r)):
			return r
		}
		return utf8.RuneError
	}, data)
}

// plainByte holds the bytes that stand for an allowed character each.
var plainByte = func() (plain [256]bool) {
	for c := byte(' '); c < 0x7f; c++ {
		plain[c] = true
	}
	plain['\t'] = true
	return plain
}()

// allowedRune reports whether YAML allows r, which took size bytes, within a line
// (YAML 1.2, 5.1).
func allowedRune(r rune, size int) bool {
	switch {
	case r == utf8.RuneError && size == 1, isLineSeparator(r):
		return false
	case r < ' ':
		return r == '\t'
	case r >= 0x7f && r < 0xa0, r == 0xfffe, r == 0xffff:
		return false
	}
	return true
}

// isLineSeparator knows NEL, LS and PS.
func isLineSeparator(r rune) bool { return r == 0x85 || r == 0x2028 || r == 0x2029 }

// tagDirective returns the line of the first %TAG directive, 0 when there is
// none. yaml.v3 compares each of them with all before it: a mebibyte of them
// takes it five seconds.
func tagDirective(data []byte) int {
	directive := []byte("%TAG")
	if bytes.HasPrefix(data, directive) {
		return 1
	}
	i := bytes.Index(data, append([]byte("\n"), directive...))
	if i < 0 {
		return 0
	}
	return bytes.Count(data[:i], []byte("\n")) + 2
}
