package sync

import (
	"os"
	"path/filepath"
	"strings"

	"aliasctl/internal/atomicfile"
	"aliasctl/manifest"
)

// InCI reports that no person watches this run, and that what is checked out may be a
// stranger's.
func InCI(lookup func(string) (string, bool)) bool {
	value, _ := lookup("CI")
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "", "0", "false", "no":
		return false
	}
	return true
}

// checkLinks refuses, in CI, a path below the working tree that a link leads out of
// it, or into its .git, where credentials are: a pull request may have put the link
// there. A path that is outside by its own name was chosen by whoever wrote the job.
func (o Options) checkLinks(what string, paths ...string) error {
	return CheckLinks(o.LookupEnv, o.FollowLinks, what, paths...)
}

// CheckLinks is what an operation does with each path that it is given, for those
// that its caller writes: see Options.FollowLinks.
func CheckLinks(lookup func(string) (string, bool), follow bool, what string, paths ...string) error {
	if follow || !InCI(lookup) {
		return nil
	}
	for _, path := range paths {
		if path == "" || path == manifest.StdinPath || strings.Contains(path, "://") {
			continue
		}
		if Leaves(path) {
			return refused("remove the link; `--follow-links` reads it all the same",
				"%s %q is behind a link that leaves the working tree", what, path)
		}
	}
	return nil
}

// Leaves reports that a path is below the working tree by its name, and that a
// link leads it out of the tree or into its .git.
func Leaves(path string) bool {
	tree := workingTree()
	absolute, err := filepath.Abs(path)
	if err != nil || !below(tree, absolute) {
		return false
	}
	git := filepath.Join(tree, ".git")
	return !atomicfile.Contains(tree, absolute) || atomicfile.Contains(git, absolute) && !below(git, absolute)
}

// below reports that a path is a directory or within it, by its name alone.
func below(dir, path string) bool {
	relative, err := filepath.Rel(dir, path)
	return err == nil && relative != ".." && !strings.HasPrefix(relative, ".."+string(filepath.Separator))
}

// workingTree is the git work tree around the working directory, or that itself.
func workingTree() string {
	here, err := os.Getwd()
	if err != nil {
		return "."
	}
	for dir := here; ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return here
		}
	}
}

// InRepository is the path of a file from the root of the repository, as a CI system
// looks for it, and with slashes; of one that is elsewhere, the path as it is.
func InRepository(lookup func(string) (string, bool), path string) string {
	if path == manifest.StdinPath || path == manifest.StdinName {
		return path
	}
	root := firstOf(lookup, "GITHUB_WORKSPACE", "CI_PROJECT_DIR", "BUILD_SOURCESDIRECTORY", "BITBUCKET_CLONE_DIR", "WORKSPACE")
	if root == "" {
		root = workingTree()
	}
	relative, err := filepath.Rel(atomicfile.Real(root), atomicfile.Real(path))
	if err != nil || !filepath.IsLocal(relative) {
		return filepath.ToSlash(filepath.Clean(path))
	}
	return filepath.ToSlash(relative)
}
