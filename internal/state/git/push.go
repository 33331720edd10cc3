package git

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"aliasctl/internal/state"
)

// update is a ref that moves from one commit ("" for none) to another.
type update struct{ ref, from, to string }

var (
	// errOvertaken reports that a ref was not what it was expected to be, or that
	// another push was at it: what is there has to be read again.
	errOvertaken = errors.New("another push came first")
	errNotAtomic = errors.New("the server does not accept atomic pushes")
)

// push moves refs, all or none. It is a win only if git names every ref as
// moved and exits with 0: "=" is a ref that already was there, by a push whose
// answer was lost, or by an unknown hand.
func (s *Store) push(ctx context.Context, size int, updates []update) error {
	args := []string{}
	if size > 512<<10 {
		// In one piece: some servers take no chunked request.
		args = append(args, "-c", fmt.Sprintf("http.postBuffer=%d", 2*size+1<<20))
	}
	args = append(args, "push", "--porcelain", "--no-verify", "--no-signed")
	if len(updates) > 1 {
		args = append(args, "--atomic")
	}
	for _, u := range updates {
		args = append(args, "--force-with-lease="+u.ref+":"+u.from)
	}
	args = append(args, s.at.remote)
	for _, u := range updates {
		args = append(args, u.to+":"+u.ref)
	}
	out, err := s.ask(ctx, args...)
	answers := parsePush(string(out))
	if err == nil {
		for _, u := range updates {
			if a, ok := answers[u.ref]; !ok || !strings.Contains("*+ ", a.flag) {
				return &state.StoreError{Class: state.Doubtful, Message: "git does not confirm the push", Advice: "run the same command again"}
			}
		}
		for _, u := range updates {
			s.fetched[u.to], s.last[u.ref] = true, u.to
		}
		return nil
	}
	return explainPush(err, answers)
}

// answer is what git push --porcelain prints for a ref.
type answer struct {
	flag    string // " ", "+", "*", "-", "=", "!"
	summary string // as "[remote rejected] (pre-receive hook declined)"
}

// parsePush reads lines of FLAG TAB FROM:TO TAB SUMMARY.
func parsePush(out string) map[string]answer {
	answers := make(map[string]answer)
	for line := range strings.Lines(out) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 3)
		if len(fields) != 3 || len(fields[0]) != 1 {
			continue
		}
		_, ref, _ := strings.Cut(fields[1], ":")
		answers[ref] = answer{flag: fields[0], summary: fields[2]}
	}
	return answers
}
