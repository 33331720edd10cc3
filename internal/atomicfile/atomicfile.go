// Package atomicfile replaces files in one piece. Whoever reads the file, also
// after a kill, a power cut or on a full disk, finds the old content or the
// new one, whole. The state, saved plans and the copy of an embedded cluster
// are written with it; it knows nothing of what is in them.
//
// The content goes to a temporary file in the same directory, hence on the same
// file system, which is synced; one rename puts it in place, and a sync of the
// directory makes the rename durable. Without the first sync a file system may
// keep the rename and lose the content; without the second the old file may
// come back after Replace has promised the new one.
package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/google/uuid"
)

// Links is what Replace does with a path that is a symbolic link. A rename
// onto the link itself would cut it, so its target is what is replaced.
type Links int

const (
	// Follow replaces the target, wherever it is.
	Follow Links = iota
	// Within replaces a target in the directory of the path or below it, and
	// refuses any other with a *LinkError, also one that is put there meanwhile.
	Within
)

// Options are how a file is replaced.
type Options struct {
	// Mode is that of a new file, before the umask. A file that is replaced
	// keeps its own, with its owner and group as far as the process may.
	Mode  fs.FileMode
	Links Links
}

// Error is a file that could not be replaced. It is as it was, unless Replaced.
type Error struct {
	Path     string // the file, links followed
	Doing    string // "write", "sync its directory"
	Err      error
	Replaced bool // the new content is there, and may be lost in a power cut
}

// Error names the file and the reason.
func (e *Error) Error() string {
	return fmt.Sprintf("%s %q: %v", e.Doing, e.Path, e.Err)
}

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }

// LinkError is a link that Within does not follow.
type LinkError struct {
	Path   string
	Target string // as the link has it
}

// Error names the link and its target.
func (e *LinkError) Error() string {
	return fmt.Sprintf("%q is a symbolic link out of its directory, to %q", e.Path, e.Target)
}

// Replace puts content in place of the file at path, or makes it. What stands
// there and is no regular file, such as a pipe, is written to: it has no place
// to put a file in. The errors are *Error and *LinkError.
func Replace(path string, content []byte, options Options) error {
	if options.Links == Follow {
		target, err := Resolve(os.Readlink, path)
		if err != nil {
			return &Error{Path: path, Doing: "follow", Err: err}
		}
		path = target
	}
	// A root never leaves its directory, also when links change under it.
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return &Error{Path: path, Doing: "write", Err: reason(err)}
	}
	defer root.Close()
	name, err := within(root, path)
	if err != nil {
		return err
	}
	info, err := root.Stat(name)
	switch {
	case err == nil && !info.Mode().IsRegular():
		if err := root.WriteFile(name, content, options.Mode); err != nil {
			return &Error{Path: path, Doing: "write", Err: reason(err)}
		}
		return nil
	case errors.Is(err, fs.ErrNotExist):
		info = nil
	case err != nil:
		return &Error{Path: path, Doing: "look at", Err: reason(err)}
	}
	sweep(filepath.Join(root.Name(), name))
	var (
		temp   string
		file   *os.File
		unlock func() error
	)
	for marked := false; !marked; {
		temp = filepath.Join(filepath.Dir(name), TempPrefix(name)+uuid.NewString())
		if file, err = root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, options.Mode); err != nil {
			return &Error{Path: path, Doing: "make a temporary file beside", Err: reason(err)}
		}
		if unlock, marked = mark(file); !marked {
			file.Close()
		}
	}
	defer unlock()
	write := func(w io.Writer) error { _, err := w.Write(content); return err }
	if doing, err := Fill(OSFile{file}, info, 0, write); err != nil {
		file.Close() // after a failed Close again: harmless
		_ = root.Remove(temp)
		return &Error{Path: path, Doing: doing + " the temporary file beside", Err: reason(err)}
	}
	if err := Rename(func() error { return root.Rename(temp, name) }); err != nil {
		_ = root.Remove(temp)
		return &Error{Path: path, Doing: "rename the temporary file to", Err: reason(err)}
	}
	if err := SyncDir(filepath.Join(root.Name(), filepath.Dir(name))); err != nil {
		return &Error{Path: path, Doing: "sync the directory of", Err: reason(err), Replaced: true}
	}
	return nil
}

// maxLinks is how many links are followed, as Linux has it.
const maxLinks = 40

var errLoop = errors.New("too many levels of symbolic links")

// Resolve follows symbolic links by hand, because the last target need not
// exist yet.
func Resolve(readlink func(string) (string, error), path string) (string, error) {
	for range maxLinks {
		target, err := readlink(path)
		if err != nil {
			return path, nil // no link, or nothing there: what follows finds out
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(path), target)
		}
		path = target
	}
	return "", errLoop
}

// within follows the links of a path as far as they stay in its directory. The
// name that it returns is relative to the root.
func within(root *os.Root, path string) (string, error) {
	name := filepath.Base(path)
	for range maxLinks {
		target, err := root.Readlink(name)
		if err != nil {
			return name, nil
		}
		next := filepath.Join(filepath.Dir(name), target)
		if filepath.IsAbs(target) || !filepath.IsLocal(next) {
			return "", &LinkError{Path: path, Target: target}
		}
		name = next
	}
	return "", &Error{Path: path, Doing: "follow", Err: errLoop}
}

// TempPrefix is what the names of the temporary files of a path begin with.
func TempPrefix(path string) string { return "." + filepath.Base(path) + ".tmp-" }

// File is a temporary file that is being written.
type File interface {
	io.WriteCloser
	Chmod(mode fs.FileMode) error
	// Like gives the file the owner and the group of another one, as far as this
	// process may, and returns whether the group is now the same.
	Like(other fs.FileInfo) (sameGroup bool)
	Sync() error
}

// OSFile is a File of the operating system.
type OSFile struct{ *os.File }

var _ File = OSFile{}

// Fill writes the content, makes it durable and closes the file; it returns the
// operation that failed. The file gets the mode, owner and group of the one
// that it replaces. A new one, replaced being nil, gets mode, or keeps what it
// was made with where that is 0.
//
// A failed sync is final: the kernel may have dropped the pages that it could
// not write, and syncing again could succeed without them.
func Fill(file File, replaced fs.FileInfo, mode fs.FileMode, content func(io.Writer) error) (doing string, err error) {
	if replaced != nil {
		mode = replaced.Mode().Perm()
		if !file.Like(replaced) {
			// What was open to one group is not opened to another: it gets what
			// everybody has.
			mode = mode&^0o070 | mode&0o007<<3
		}
	}
	if replaced != nil || mode != 0 {
		if err := file.Chmod(mode); err != nil { // the umask may have taken bits away
			return "set the mode of", err
		}
	}
	if err := content(file); err != nil {
		return "write", err
	}
	if err := file.Sync(); err != nil {
		return "sync", err
	}
	return "close", file.Close()
}

// SyncDir makes the names in a directory durable. It takes "not supported" for
// success: some network and shared-folder file systems cannot sync a directory,
// and there is nothing better to do on them. Windows has no such call at all.
func SyncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}

// reason is an error of the operating system without its own path: that of a
// temporary file means nothing to a reader.
func reason(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}
