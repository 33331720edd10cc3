package milvus

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// UnknownProfile is what Recognise returns when the answers fit no version, or
// more than one.
const UnknownProfile = "unknown"

// The profiles of the API, the oldest first.
var profileNames = []string{"2.3", "2.4", "2.5", "2.6.18", "2.6", "3.0"}

// Recognise reports which profile of the API a server has ("2.3", "2.4", "2.5",
// "2.6.18" for 2.6 before the change of codes in 2.6.19, "2.6" since, "3.0", or
// UnknownProfile), and by which answers, for people. No version of Milvus reports
// its own over REST. The error is that of a server that does
// not answer, has no v2 API, or does not take the token.
//
// All that is asked are reads which every user may ask, and whose answers
// differ between recorded servers:
//
//   - `collections/has` in a database that does not exist is `has:false` in
//     2.4.18 and later 2.4, and code 800 in all others.
//   - `resource_groups/list` is no route up to 2.4 (later it may be denied).
//   - A success has code 200 in 2.3 and before 2.4.3, which are one profile.
//   - `Request-Timeout: abc` is code 1100 from 3.0 on. Others ignore what is no
//     number, and 2.5 before 2.5.10 does not keep it either; still it is never
//     sent to what looks like 2.4, and a number is never sent at all: a small
//     one would stay in force for everybody (milvus-rest section 6).
//   - `roles/describe` of the role `admin` has a `description` from 2.6.19 on.
//     It needs a privilege where the server asks for a token.
//   - `collections/describe` has the property `timezone` from 2.6 on, and
//     `structFields` from 2.6.19 on; `indexes/describe` has `warmup` from 2.6.12
//     on. These need a collection in the default database: without one 2.5 and
//     2.6.18 look the same. A 2.6 before 2.6.12 that shows none of them passes
//     for 2.5, as which it also behaves: it does not take an alias for a
//     collection.
func Recognise(ctx context.Context, c *Client) (profile, evidence string, err error) {
	r := &recogniser{c: c, possible: profileNames}
	for _, look := range []func(context.Context) error{
		r.lookAtDatabase, r.lookAtRoutes, r.lookAtSuccess, r.lookAtTimeout, r.lookAtRole, r.lookAtCollection,
	} {
		if err := look(ctx); err != nil {
			return "", "", err
		}
	}
	profile = UnknownProfile
	if len(r.possible) == 1 {
		profile = r.possible[0]
	}
	return profile, strings.Join(r.evidence, "; "), nil
}

// recogniser narrows down which profiles are possible.
type recogniser struct {
	c        *Client
	possible []string
	evidence []string
}

// saw notes an answer and the profiles that give it; none are named when it
// shows nothing.
func (r *recogniser) saw(answer string, profiles ...string) {
	if len(profiles) == 0 {
		r.evidence = append(r.evidence, answer)
		return
	}
	r.evidence = append(r.evidence, fmt.Sprintf("%s (%s)", answer, strings.Join(profiles, ", ")))
	r.possible = slices.DeleteFunc(slices.Clone(r.possible), func(p string) bool { return !slices.Contains(profiles, p) })
}

// could reports whether a profile is still possible.
func (r *recogniser) could(profile string) bool { return slices.Contains(r.possible, profile) }

func (r *recogniser) lookAtDatabase(ctx context.Context) error {
	const question = "collections/has in a database that does not exist"
	nobody := randomName()
	a, err := r.c.readAnswer(ctx, call{route: collectionsHas, database: nobody, collection: nobody})
	var d struct {
		Has *bool `json:"has"`
	}
	switch {
	case IsDatabaseMissing(err):
		r.saw(question + ": code 800")
	case err == nil && (json.Unmarshal(a.data, &d) != nil || d.Has == nil || *d.Has):
		r.saw(question + ": neither false nor code 800")
	case err == nil && a.code == 200:
		r.saw(question+": false, with code 200 as before 2.4.3", "2.3", "2.4")
	case err == nil:
		r.saw(question+": false", "2.4")
	case IsRouteMissing(err) || ends(ctx, err):
		return err
	default:
		r.saw(whyOf(err))
	}
	return nil
}

func (r *recogniser) lookAtRoutes(ctx context.Context) error {
	_, err := r.c.readAnswer(ctx, call{route: resourceGroupsList, server: true})
	switch {
	case IsRouteMissing(err) && !IsForeign(err): // a gateway may hide it
		r.saw("resource_groups/list: no such route", "2.3", "2.4")
	case err == nil || IsDenied(err):
		r.saw("resource_groups/list: it is there", "2.5", "2.6.18", "2.6", "3.0")
	case ends(ctx, err):
		return err
	default:
		r.saw(whyOf(err))
	}
	return nil
}

func (r *recogniser) lookAtSuccess(ctx context.Context) error {
	if !r.could("2.3") || !r.could("2.4") {
		return nil
	}
	a, err := r.c.readAnswer(ctx, call{route: aliasesList})
	switch {
	case err == nil && a.code == 200:
		r.saw("aliases/list: code 200, as before 2.4.3", "2.3")
	case err == nil:
		r.saw("aliases/list: code 0", "2.4", "2.5", "2.6.18", "2.6", "3.0")
	case ends(ctx, err):
		return err
	default:
		r.saw(whyOf(err))
	}
	return nil
}

func (r *recogniser) lookAtTimeout(ctx context.Context) error {
	if r.could("2.3") || r.could("2.4") || !r.could("3.0") {
		return nil
	}
	header := r.c.header.Clone()
	header.Set("Request-Timeout", "abc")
	_, err := r.c.readAnswer(ctx, call{route: collectionsHas, collection: randomName(), header: header})
	switch {
	case hasCode(err, codeInvalid):
		r.saw("a Request-Timeout that is not a number: code 1100", "3.0")
	case err == nil:
		r.saw("a Request-Timeout that is not a number: ignored", "2.5", "2.6.18", "2.6")
	case ends(ctx, err):
		return err
	default:
		r.saw(whyOf(err))
	}
	return nil
}

func (r *recogniser) lookAtRole(ctx context.Context) error {
	if len(r.possible) < 2 || !r.could("2.6") {
		return nil
	}
	a, err := r.c.readAnswer(ctx, call{route: rolesDescribe, server: true, role: "admin"})
	switch {
	case err == nil && a.fields > 2: // beside code and data
		r.saw("roles/describe: has a description", "2.6", "3.0")
	case err == nil:
		r.saw("roles/describe: no description", "2.3", "2.4", "2.5", "2.6.18")
	case ends(ctx, err):
		return err
	default:
		r.saw(whyOf(err))
	}
	return nil
}

func (r *recogniser) lookAtCollection(ctx context.Context) error {
	if len(r.possible) < 2 || !r.could("2.6.18") {
		return nil
	}
	names, err := r.collections(ctx)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		r.saw("2.5 and 2.6 differ in how they show a collection, and the default database shows none")
	}
	for _, name := range names {
		if err := r.lookAt(ctx, name); err != nil || len(r.possible) < 2 {
			return err
		}
	}
	return nil
}

func (r *recogniser) lookAt(ctx context.Context, name string) error {
	for _, look := range []func(context.Context, string) (bool, error){r.properties, r.warmup} {
		later, err := look(ctx, name)
		if err != nil {
			if ends(ctx, err) {
				return err
			}
			r.saw(whyOf(err))
			return nil
		}
		if later {
			return nil
		}
	}
	return nil
}

// collections are the first collections of the default database by name, or
// aliases where the user may see no collection. Not each has an index to look at.
func (r *recogniser) collections(ctx context.Context) ([]string, error) {
	const most = 5
	for _, list := range []func(context.Context, string) ([]string, error){r.c.ListCollections, r.c.ListAliases} {
		found, err := list(ctx, "")
		if err != nil && ends(ctx, err) {
			return nil, err
		}
		if slices.Sort(found); len(found) > 0 {
			return found[:min(len(found), most)], nil
		}
	}
	return nil, nil
}

// properties looks at what collections/describe has since 2.6.
func (r *recogniser) properties(ctx context.Context, collection string) (bool, error) {
	k := call{route: collectionsDescribe, collection: collection}
	data, err := r.c.read(ctx, k)
	if err != nil {
		return false, err
	}
	var d struct {
		Properties   []pair          `json:"properties"`
		StructFields json.RawMessage `json:"structFields"`
	}
	if json.Unmarshal(data, &d) != nil {
		return false, r.c.badData(k, data)
	}
	switch {
	case d.StructFields != nil:
		r.saw("collections/describe: has structFields", "2.6", "3.0")
	case slices.ContainsFunc(d.Properties, func(p pair) bool { return p.Key == "timezone" }):
		r.saw("collections/describe: has a timezone and no structFields", "2.6.18")
	default:
		return false, nil
	}
	return true, nil
}

func (r *recogniser) warmup(ctx context.Context, collection string) (bool, error) {
	list, err := r.c.list(ctx, call{route: indexesList, collection: collection})
	if err != nil {
		return false, err
	}
	if len(list) == 0 {
		r.saw(fmt.Sprintf("collections/describe: no timezone, and %q has no index to look at", collection))
		return false, nil
	}
	k := call{route: indexesDescribe, collection: collection, index: slices.Min(list)}
	data, err := r.c.read(ctx, k)
	if err != nil {
		return false, err
	}
	var views []map[string]json.RawMessage
	if json.Unmarshal(data, &views) != nil || len(views) == 0 {
		return false, r.c.badData(k, data)
	}
	if _, ok := views[0]["warmup"]; ok {
		r.saw("indexes/describe: has warmup", "2.6.18")
		return true, nil
	}
	r.saw("collections/describe and indexes/describe: neither timezone nor warmup", "2.5")
	return false, nil
}
