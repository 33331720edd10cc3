package markdown

import (
	"regexp"
	"strconv"
	"strings"
	"sync"

	"aliasctl/internal/report"
	"aliasctl/internal/safetext"
)

// Names and messages come from a server or from a pull request, and the page
// that shows them acts upon text: it draws tables and HTML, notifies whoever
// is @mentioned, links #1 and owner/repo@sha, shows :emoji: and loads images.
// None of that happens inside code. So nothing foreign stands in a Markdown
// report as it is, but for words that are plain beyond doubt; the rest is code.

const (
	// mostName is how much of a name is shown. Milvus allows 255.
	mostName = 260
)

// code is a name as code, "" for none. It can stand in a table.
func code(s string) string {
	if s == "" {
		return ""
	}
	return codeSpan(report.Elided(safetext.Line(s), mostName))
}

// codeSpan is printable text as code. A backtick or a pipe has no form within
// backticks that every renderer reads alike, inside and outside of tables, so
// such text is written in HTML with everything in it as an entity.
func codeSpan(s string) string {
	if !strings.ContainsAny(s, "`|") {
		return "`" + s + "`"
	}
	var b strings.Builder
	b.WriteString("<code>")
	for _, r := range s {
		if alphanumeric(r) || r == ' ' {
			b.WriteRune(r)
		} else {
			b.WriteString("&#" + strconv.Itoa(int(r)) + ";")
		}
	}
	b.WriteString("</code>")
	return b.String()
}

// prose is a sentence on one line. What the sentence itself shows as
// code, between backticks, stays so.
func prose(s string) string {
	var b strings.Builder
	for i, part := range report.Sentence(s) {
		if i%2 == 1 {
			b.WriteString(codeSpan(part))
			continue
		}
		writeWords(&b, part)
	}
	return strings.TrimSpace(b.String())
}

// A word stands as it is when it is letters, or a small number with its unit,
// within the punctuation of a sentence; what else there may be between that
// punctuation is code. A number with a full stop would begin a list.
var (
	letters    = pattern(`^[A-Za-z]+(?:['-][A-Za-z]+)*$`)
	digits     = pattern(`^[0-9]{1,6}(?:\.[0-9]{1,6})?(?:%|ms|s)?$`)
	punctuated = pattern(`^([("']*)(.*?)([)"',.;:!?]*)$`)
)

func writeWords(b *strings.Builder, s string) {
	if strings.HasPrefix(s, " ") {
		b.WriteByte(' ')
	}
	for i, token := range strings.Fields(s) {
		if i > 0 {
			b.WriteByte(' ')
		}
		m := punctuated().FindStringSubmatch(token)
		before, core, after := m[1], m[2], m[3]
		switch {
		case core == "", letters().MatchString(core),
			digits().MatchString(core) && !strings.HasPrefix(after, ".") && !strings.HasPrefix(after, ")"):
			b.WriteString(token)
		default:
			b.WriteString(before + codeSpan(core) + after)
		}
	}
	if strings.HasSuffix(s, " ") {
		b.WriteByte(' ')
	}
}

// pattern is compiled when it is first asked for: few runs write Markdown.
func pattern(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
