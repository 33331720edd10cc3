package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"aliasctl/internal/input"
)

// Hint is the advice that goes with the error.
func (e *LinkError) Hint() string {
	return "remove the link, or give the path that it leads to"
}

// Target is the path that a write to path goes to: path itself, or the end of the
// links at it. Those stay within the directory of path or below, as the
// links of a ConfigMap do, and out of any .git; else it is a *LinkError. Nothing need
// be there yet.
//
// A descriptor, as /dev/stdout, and /dev/null are what they are.
func Target(path string) (string, error) {
	if direct(path) {
		return path, nil
	}
	target := path
	for range maxLinks {
		next, err := os.Readlink(target)
		if err != nil { // no link, or nothing there
			if target != path && (!Contains(filepath.Dir(path), filepath.Dir(target)) || intoGit(path, target)) {
				return "", &LinkError{path, target}
			}
			return target, nil
		}
		target = follow(target, next)
	}
	return "", &fs.PathError{Op: "follow", Path: path, Err: errLoop}
}

// intoGit reports that a link leads into a .git directory from outside of one: there
// are credentials and commands, and no output is kept there.
func intoGit(link, target string) bool {
	has := func(path string) bool {
		return slices.Contains(strings.Split(filepath.ToSlash(Real(filepath.Dir(path))), "/"), ".git")
	}
	return has(target) && !has(link)
}

// direct reports that a path is written to and not replaced, whatever it leads to.
func direct(path string) bool { return input.Descriptor(path) || path == os.DevNull }

// follow is the path to which the link at a path leads. The system resolves `a/..`
// of a link after a, where filepath.Join would cut both.
func follow(link, next string) string {
	if !filepath.IsAbs(next) {
		next = Real(filepath.Dir(link)) + string(filepath.Separator) + next
	}
	dir, base := filepath.Split(next)
	if resolved, err := filepath.EvalSymlinks(dir); err == nil {
		dir = resolved
	}
	return filepath.Join(dir, base)
}

// Contains reports that inner is the directory outer or below it, whatever links lead
// to either.
func Contains(outer, inner string) bool {
	relative, err := filepath.Rel(Real(outer), Real(inner))
	return err == nil && relative != ".." && !strings.HasPrefix(relative, ".."+string(filepath.Separator))
}

// Real is a path without symbolic links, as far as it exists.
func Real(path string) string {
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	rest := ""
	for at := path; ; at = filepath.Dir(at) {
		if resolved, err := filepath.EvalSymlinks(at); err == nil {
			return filepath.Join(resolved, rest)
		}
		if at == filepath.Dir(at) {
			return path
		}
		rest = filepath.Join(filepath.Base(at), rest)
	}
}

// Write is Replace for a file that a user names: a link stays within its directory, and
// a descriptor, as /dev/stdout, is written to.
func Write(path string, content []byte, mode fs.FileMode) error {
	if direct(path) {
		return os.WriteFile(path, content, mode)
	}
	target, err := Target(path)
	if err != nil {
		return err
	}
	return Replace(target, content, Options{Mode: mode, Links: Within})
}

// Check reports why Write would fail at path, as far as that can be known before.
func Check(path string) error {
	if direct(path) {
		return nil
	}
	target, err := Target(path)
	if err != nil {
		return err
	}
	switch info, err := os.Lstat(target); {
	case err == nil && info.IsDir():
		return &input.KindError{Path: path, Kind: "a directory"}
	case err == nil && !info.Mode().IsRegular():
		return nil
	}
	temp, err := os.CreateTemp(filepath.Dir(target), TempPrefix(target)+"*")
	if err != nil {
		return &Error{Path: path, Doing: "make a temporary file beside", Err: reason(err)}
	}
	return errors.Join(temp.Close(), os.Remove(temp.Name()))
}

// sweep removes the temporary files that killed runs have left beside target. What
// it cannot remove is harmless and stays.
func sweep(target string) {
	names, _ := filepath.Glob(filepath.Join(escaped(filepath.Dir(target)), escaped(TempPrefix(target))+"*"))
	for _, name := range names {
		if info, err := os.Lstat(name); err != nil || !info.Mode().IsRegular() {
			continue
		}
		old, unlock := left(name)
		if old {
			_ = os.Remove(name)
		}
		_ = unlock()
	}
}

// escaped is a path that filepath.Glob takes as it is.
func escaped(path string) string {
	return strings.NewReplacer(`*`, `\*`, `?`, `\?`, `[`, `\[`, `\`, `\\`).Replace(path)
}
