package render

import "aliasctl/internal/safetext"

// Clean makes s safe to show on one line of a terminal or a CI log, as
// safetext.Line does.
func Clean(s string) string { return safetext.Line(s) }
