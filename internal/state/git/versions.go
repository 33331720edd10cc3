package git

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"aliasctl/internal/state"
)

var _ state.Versioned = (*Store)(nil)

// firstDepth is how many commits of the branch are fetched at first for their
// changes of one file; other files may be written to it as well.
const firstDepth = 100

// Versions is state.Versioned's: the commits of the branch that changed the file.
func (s *Store) Versions(ctx context.Context, name string, most int) ([]state.Version, error) {
	defer s.begin(name, false)()
	refs, err := s.refs(ctx)
	if err != nil {
		return nil, err
	}
	ref, path := s.place(name)
	if refs[ref] == "" {
		return nil, nil
	}
	for depth := firstDepth; ; depth *= 10 {
		whole, err := s.deepen(ctx, ref, depth)
		if err != nil {
			return nil, err
		}
		// The oldest commit of a part looks as if it had made every file, so one
		// more than is wanted has to be there.
		all, err := s.workshop.changes(ctx, path, most+1)
		if err != nil || whole || len(all) > most {
			return all[:min(most, len(all))], err
		}
	}
}

// deepen fetches so many commits of a ref, and reports whether these are all.
func (s *Store) deepen(ctx context.Context, ref string, depth int) (whole bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	if err := s.fetch(ctx, ref, seen, depth); err != nil {
		return false, err
	}
	out, err := s.workshop.run(ctx, nil, "rev-parse", "--is-shallow-repository")
	if err != nil {
		return false, explain(err)
	}
	return strings.TrimSpace(string(out)) == "false", nil
}

// changes lists the commits that changed a file, the latest first.
func (w *workshop) changes(ctx context.Context, path string, most int) ([]state.Version, error) {
	out, err := w.run(ctx, nil, "--literal-pathspecs", "rev-list", "--timestamp", fmt.Sprintf("--max-count=%d", most), seen, "--", path)
	if err != nil {
		return nil, explain(err)
	}
	var all []state.Version
	for line := range strings.Lines(string(out)) {
		written, id, _ := strings.Cut(strings.TrimSpace(line), " ")
		seconds, err := strconv.ParseInt(written, 10, 64)
		if err != nil || !isID().MatchString(id) {
			return nil, &state.StoreError{Message: "git rev-list prints no commits", Advice: "check the repository in --state with git fsck"}
		}
		all = append(all, state.Version{ID: id, Written: time.Unix(seconds, 0).UTC()})
	}
	return all, nil
}

// ReadVersion is state.Versioned's; Versions has fetched the commit.
func (s *Store) ReadVersion(ctx context.Context, name, id string, most int64) (state.Object, error) {
	defer s.begin(name, false)()
	_, path := s.place(name)
	_, there, err := s.workshop.file(ctx, id, path, most)
	return there, err
}
