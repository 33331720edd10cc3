package local

import (
	"errors"
	"io/fs"
	"os"
)

// cause drops the operation and the path that os puts before its errors: the
// errors of this package name both in their own words.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	var link *os.LinkError
	if errors.As(err, &link) {
		return link.Err
	}
	return err
}
