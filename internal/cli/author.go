package cli

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"aliasctl/executor"
	statefile "aliasctl/internal/state"
)

// author is who applies, for the history of the state. In CI the commit comes
// from the system's variables, else from git where the manifest lies.
func (r *run) author() executor.Author {
	self := statefile.Self(nil, time.Now())
	a := executor.Author{User: self.User, Host: self.Host}
	for _, name := range []string{"GITHUB_ACTOR", "GITLAB_USER_LOGIN"} {
		if user := r.variable(name); user != "" {
			a.User = user
			break
		}
	}
	for _, name := range []string{"GITHUB_SHA", "CI_COMMIT_SHA"} {
		if a.Commit = r.variable(name); a.Commit != "" {
			return a
		}
	}
	a.Commit = gitCommit(r.signals.soft, filepath.Dir(manifestsOf(r.c)[0]))
	return a
}

// gitCommit is the commit of a work tree, "" where there is none.
func gitCommit(ctx context.Context, dir string) string {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "git", "-C", dir, "rev-parse", "--verify", "--quiet", "HEAD").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
