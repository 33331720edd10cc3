package planner

import (
	"net/url"
	"slices"
	"strings"
)

// CleanPath is the one form in which the path of a cluster's address is sent,
// shown and compared: without dot segments, doubled slashes and a slash at its
// end, each segment escaped in one way; "" for the root. An ingress serves
// several clusters behind one host by their paths, so the path is part of the
// address. Its case stays: paths differ by it. escaped is url.URL.EscapedPath.
func CleanPath(escaped string) string {
	var segments []string
	for segment := range strings.SplitSeq(escaped, "/") {
		text, err := url.PathUnescape(segment)
		switch {
		case err != nil:
			segments = append(segments, segment)
		case text == "" || text == ".":
		case text == "..":
			segments = slices.Delete(segments, max(0, len(segments)-1), len(segments))
		case strings.ContainsAny(text, ";,"): // escaped or not, these may mean different things
			segments = append(segments, segment)
		default:
			segments = append(segments, url.PathEscape(text))
		}
	}
	if len(segments) == 0 {
		return ""
	}
	return "/" + strings.Join(segments, "/")
}
