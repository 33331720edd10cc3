package mistakes

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"aliasctl/internal/safetext"
)

// The elements of a JUnit report that all readers know, in the order of the schema of
// Jenkins (jenkinsci/xunit-plugin, junit-10.xsd).
type (
	suites struct {
		XMLName  xml.Name `xml:"testsuites"`
		Name     string   `xml:"name,attr"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Errors   int      `xml:"errors,attr"`
		Suites   []suite  `xml:"testsuite"`
	}
	suite struct {
		Name     string `xml:"name,attr"`
		Tests    int    `xml:"tests,attr"`
		Failures int    `xml:"failures,attr"`
		Errors   int    `xml:"errors,attr"`
		Cases    []test `xml:"testcase"`
	}
	test struct {
		Name    string `xml:"name,attr"`
		Class   string `xml:"classname,attr"`
		Failure *cause `xml:"failure,omitempty"`
		Error   *cause `xml:"error,omitempty"`
	}
	cause struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// writeJUnit writes a suite for each file, with a test that fails for each mistake,
// or one that passes.
func writeJUnit(w io.Writer, r Result) error {
	all := suites{Name: "aliasctl validate"}
	at := make(map[string]int)
	of := func(file string) *suite {
		i, known := at[file]
		if !known {
			i = len(all.Suites)
			at[file] = i
			all.Suites = append(all.Suites, suite{Name: plain(file)})
		}
		return &all.Suites[i]
	}
	for _, file := range r.Files {
		of(file)
	}
	for _, m := range r.Mistakes {
		s := of(m.File)
		s.Failures++
		s.Cases = append(s.Cases, test{
			Name: fmt.Sprintf("%s at %d:%d", m.Rule, m.Line, m.Column), Class: plain(m.File),
			Failure: &cause{plain(m.Message), string(m.Rule), plain(fmt.Sprintf("%s:%d:%d: error: ", m.File, m.Line, m.Column)) + lines(m.Text())},
		})
	}
	if rest := r.rest(); rest != "" {
		s := of(r.first())
		s.Failures++
		s.Cases = append(s.Cases, test{Name: "more problems", Class: s.Name, Failure: &cause{rest, "more-problems", rest}})
	}
	if f := r.Failed; f != nil {
		s := of(r.first())
		s.Errors++
		s.Cases = append(s.Cases, test{Name: "manifest is checked", Class: s.Name, Error: &cause{plain(f.What), "not-checked", lines(f.text())}})
	}
	for i := range all.Suites {
		s := &all.Suites[i]
		if s.Cases == nil {
			s.Cases = []test{{Name: "manifest is valid", Class: s.Name}}
		}
		s.Tests = len(s.Cases)
		all.Tests += s.Tests
		all.Failures += s.Failures
		all.Errors += s.Errors
	}
	text, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, xml.Header+string(text)+"\n")
	return err
}

// plain is a text on one line without what XML, a terminal or a log acts upon.
func plain(s string) string { return safetext.Line(strings.ReplaceAll(s, "\n", " ")) }

// lines is plain with its line breaks.
func lines(s string) string {
	all := strings.Split(s, "\n")
	for i := range all {
		all[i] = safetext.Line(all[i])
	}
	return strings.Join(all, "\n")
}
