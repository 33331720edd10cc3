package cli

import (
	"cmp"
	"context"
	"path/filepath"
	"strings"
	"time"

	"aliasctl/internal/report"
	statefile "aliasctl/internal/state"
	"aliasctl/internal/state/stores"
	"aliasctl/internal/sync"
)

// origin is what a report says of this run. It is found once: all reports a run
// are of one time.
func (s *streams) origin() report.Origin {
	if s.made != nil {
		return *s.made
	}
	self := statefile.Self(nil, time.Now())
	dir := "."
	if w := s.namedWords(); len(w.manifests) > 0 {
		dir = filepath.Dir(w.manifests[0])
	}
	o := report.Origin{Commit: sync.Commit(context.Background(), s.lookup, dir), User: cmp.Or(sync.User(s.lookup), self.User), Host: self.Host, Job: self.Run, Time: time.Now()}
	o.Source, o.Marked = s.source()
	s.made = &o
	return o
}

// source is what the comments of a repository are told apart by: manifests and state,
// or what --marker has.
func (s *streams) source() (words []string, marked bool) {
	w := s.namedWords()
	if w.marker != "" {
		return []string{w.marker}, true
	}
	for _, path := range w.manifests {
		words = append(words, s.inRepository(path))
	}
	switch {
	case w.state == "":
		return words, false
	case stores.IsRemote(w.state):
		place, _, _ := strings.Cut(w.state, "?") // what follows is how to get there
		return append(words, place), false
	}
	return append(words, s.inRepository(w.state)), false
}

// named is what a command line names, as far as its words can be read: a run whose
// command line is wrong has to find its comment too.
type named struct {
	manifests     []string
	state, marker string
}

func (s *streams) namedWords() named {
	w, saved := named{state: s.variable("ALIASCTL_STATE")}, false
	for name, value := range flagWords(s.args) {
		switch name {
		case "f", "file":
			w.manifests = append(w.manifests, value)
		case "state":
			w.state = value
		case "marker":
			w.marker = value
		case "plan":
			saved = true
		}
	}
	if len(w.manifests) == 0 && !saved && plans(s.args) {
		w.manifests = []string{"aliases.yaml"}
	}
	return w
}
