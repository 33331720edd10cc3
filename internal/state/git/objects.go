package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"aliasctl/internal/input"
	"aliasctl/internal/state"
)

var isID = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`) })

// refs asks the remote for its refs: that of the branch, and of the lock if
// there is one. A branch that is not there is an error, not an empty place:
// its name may be mistyped.
func (s *Store) refs(ctx context.Context) (map[string]string, error) {
	if s.workshop == nil {
		w, err := newWorkshop(ctx, s.at, "sha1")
		if err != nil {
			return nil, err
		}
		s.workshop = w
	}
	refs, err := s.list(ctx, s.branchRef(), s.lockRef)
	if err != nil {
		return nil, err
	}
	if refs[s.branchRef()] != "" {
		return refs, nil
	}
	create := fmt.Sprintf("create it once, in any clone: `git push %s $(git commit-tree -m states $(git mktree </dev/null)):%s`",
		state.Quote(s.at.remote), state.Quote(s.branchRef()))
	others, err := s.list(ctx)
	if err != nil {
		return nil, err
	}
	if len(others) == 0 {
		return nil, &state.StoreError{Message: "the repository is empty, it has no branch", Advice: create}
	}
	return nil, &state.StoreError{Message: fmt.Sprintf("the repository has no branch %q", s.at.branch), Advice: "check ref in --state, or " + create}
}

func (s *Store) list(ctx context.Context, patterns ...string) (map[string]string, error) {
	out, err := s.ask(ctx, append([]string{"ls-remote", "--quiet", s.at.remote}, patterns...)...)
	if err != nil {
		return nil, explain(err)
	}
	refs := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		id, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !isID().MatchString(id) {
			return nil, &state.StoreError{Message: "git ls-remote prints a line that is not a ref", Advice: "check the repository in --state"}
		}
		refs[name] = id
	}
	for _, ref := range patterns {
		s.last[ref] = refs[ref]
	}
	for _, id := range refs {
		return refs, s.speak(ctx, len(id))
	}
	return refs, nil
}

// speak makes the workshop anew when the remote names objects in another way.
func (s *Store) speak(ctx context.Context, length int) (err error) {
	if length == 40 || s.workshop.format == "sha256" {
		return nil
	}
	w, err := newWorkshop(ctx, s.at, "sha256")
	if err == nil {
		s.workshop = w
	}
	return err
}

// The refs of the workshop for what is fetched.
const (
	seen     = "refs/aliasctl/seen/state"
	seenLock = "refs/aliasctl/seen/lock"
)

// load returns the commit of a ref, as the remote has it, and a file of it
// with its body if that is asked for. When the ref has moved since it was
// listed, it is the later commit. No commit ("") is none, and has no file.
func (s *Store) load(ctx context.Context, ref, commit, path string, most int64) (string, state.Object, error) {
	if commit == "" {
		return "", state.Object{}, nil
	}
	if there, ok := s.known[commit+":"+path]; ok && most == 0 {
		return commit, there, nil
	}
	name := commit
	if !s.fetched[commit] {
		if name = seen; ref == s.lockRef {
			name = seenLock
		}
		if err := s.fetch(ctx, ref, name, 1); err != nil {
			return "", state.Object{}, err
		}
	}
	commit, there, err := s.workshop.file(ctx, name, path, most)
	if err != nil {
		return "", state.Object{}, err
	}
	s.fetched[commit], s.last[ref] = true, commit
	s.known[commit+":"+path] = state.Object{Revision: there.Revision, Mark: there.Mark}
	return commit, there, nil
}

// file reads a file of a commit, and the id of the commit. The revision of the
// file is the id of its content, its mark that of the commit if this wrote it.
func (w *workshop) file(ctx context.Context, name, path string, most int64) (commit string, there state.Object, err error) {
	ask := name + "\n" + name + ":" + path + "\n"
	for i, c := range path { // a folder of it must not be a file
		if c == '/' {
			ask += name + ":" + path[:i] + "\n"
		}
	}
	bound := most
	if most == 0 { // the body comes all the same
		bound = max(w.most, input.MaxState)
	}
	w.most = max(w.most, bound)
	out, err := w.runUpTo(ctx, bound, []byte(ask), "cat-file", "--batch")
	if input.IsTooLarge(err) {
		return "", there, state.TooLarge(&input.TooLargeError{Most: bound})
	}
	if err != nil {
		return "", there, explain(err)
	}
	found, err := parseBatch(out)
	if err != nil || len(found) < 2 || found[0].kind != "commit" {
		return "", there, &state.StoreError{Message: "git cat-file prints no commit", Advice: "check the repository in --state with git fsck"}
	}
	for i, o := range found[1:] {
		if i == 0 && o.kind != "blob" && o.kind != "" || i > 0 && o.kind != "tree" && o.kind != "" {
			return "", there, &state.StoreError{Message: fmt.Sprintf("the branch has no place for the file %q: it is a folder there, or a folder of it is a file", path),
				Advice: "check the path in --state"}
		}
	}
	commit = found[0].id
	if file := found[1]; file.kind == "blob" {
		there = state.Object{Revision: file.id, Mark: markOf(string(found[0].body), path)}
		if most > 0 {
			there.Body = file.body
		}
		if most > 0 && int64(len(file.body)) > most {
			return "", state.Object{}, state.TooLarge(&input.TooLargeError{Most: most, Size: int64(len(file.body))})
		}
	}
	return commit, there, nil
}

// gitObject is one that git cat-file has printed; one without a kind is missing.
type gitObject struct {
	id, kind string
	body     []byte
}

// parseBatch reads lines of ID KIND SIZE, each with the content behind it, or
// of NAME "missing".
func parseBatch(out []byte) ([]gitObject, error) {
	var found []gitObject
	for len(out) > 0 {
		line, rest, ok := bytes.Cut(out, []byte("\n"))
		if bytes.HasSuffix(line, []byte(" missing")) {
			found, out = append(found, gitObject{}), rest
			continue
		}
		words := strings.Fields(string(line))
		if !ok || len(words) != 3 || !isID().MatchString(words[0]) {
			return nil, errors.New("it is no header of an object")
		}
		size, err := strconv.Atoi(words[2])
		if err != nil || size < 0 || size >= len(rest) {
			return nil, errors.New("it ends too early")
		}
		found, out = append(found, gitObject{words[0], words[1], rest[:size:size]}), rest[size+1:]
	}
	return found, nil
}

// draft is a commit to be made.
type draft struct {
	parent string // "" for none
	file   string // to be written; "" leaves the tree as it is
	body   []byte
	what   string // the message
}

// commits makes commits, and returns their ids. fast-import is one process
// where hash-object, read-tree, update-index, write-tree and commit-tree would
// be five; the caller has seen that the file does not push others out of the
// tree.
func (w *workshop) commits(ctx context.Context, drafts ...draft) ([]string, error) {
	var in bytes.Buffer
	w.imports++
	for i, d := range drafts {
		fmt.Fprintf(&in, "commit refs/aliasctl/new/%d-%d\nmark :%d\nauthor %s now\ncommitter %s now\ndata %d\n%s\n",
			w.imports, i, i+1, w.author, w.committer, len(d.what), d.what)
		if d.parent != "" {
			fmt.Fprintf(&in, "from %s\n", d.parent)
		}
		if d.file != "" {
			fmt.Fprintf(&in, "M 100644 inline \"%s\"\ndata %d\n", strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(d.file), len(d.body))
			in.Write(d.body)
			in.WriteByte('\n')
		}
		fmt.Fprintf(&in, "get-mark :%d\n", i+1)
	}
	in.WriteString("done\n")
	out, err := w.run(ctx, in.Bytes(), "fast-import", "--quiet", "--done", "--date-format=now")
	if err != nil {
		return nil, explain(err)
	}
	ids := strings.Fields(string(out))
	for _, id := range ids {
		if !isID().MatchString(id) { // in a refspec, no id would be a deletion
			ids = nil
		}
	}
	if len(ids) != len(drafts) {
		return nil, &state.StoreError{Message: "git fast-import prints no ids of commits"}
	}
	return ids, nil
}
