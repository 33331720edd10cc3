package mistakes

import (
	"bytes"
	"encoding/json"
	"io"

	"aliasctl/internal/report"
	"aliasctl/internal/safetext"
)

// Version is the version of the JSON. Fields are added, never changed.
const Version = 1

// answer is the form of `-o json`. docs/reference.md documents it.
type answer struct {
	Version int              `json:"version"`
	Valid   bool             `json:"valid"`
	Errors  []report.Mistake `json:"errors"`
	More    int              `json:"more,omitempty"`

	Error    string `json:"error,omitempty"`
	Hint     string `json:"hint,omitempty"`
	ExitCode int    `json:"exit_code,omitempty"`

	Files     []string `json:"files"`
	Aliases   int      `json:"aliases"`
	Retire    int      `json:"retire"`
	Databases int      `json:"databases"`
}

func writeJSON(w io.Writer, r Result) error {
	a := answer{
		Version: Version, Valid: r.Valid(), Errors: listed(r.Mistakes), More: r.More,
		Files: listed(r.Files), Aliases: r.Aliases, Retire: r.Retire, Databases: r.Databases,
	}
	if f := r.Failed; f != nil {
		a.Error, a.Hint, a.ExitCode = f.What, f.Hint, f.Code
	}
	return indented(w, a)
}

// indented writes a value as JSON that people can read too.
func indented(w io.Writer, value any) error {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // "<<" in a message should stay readable
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return err
	}
	_, err := w.Write(append(safetext.JSON(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), '\n'))
	return err
}

// listed is a list that JSON does not show as null.
func listed[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}
