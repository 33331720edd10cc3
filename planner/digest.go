package planner

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"aliasctl/manifest"
)

// Choice is a flag of the run that shapes what a plan may do or lifts a
// refusal, with its values. It is reviewed with the plan: every report shows
// it, and the digest covers it.
type Choice struct {
	Flag   string   `json:"flag"` // without its dashes
	Values []string `json:"values"`
}

// DrainFlag is the choice that matters to drops and releases of collections alone.
const DrainFlag = "drain"

// Ask is what the manifest asks of one binding that a plan makes, beyond the
// binding itself.
type Ask struct {
	Database, Alias string
	// Target is the id of the collection that the alias is bound to, "" when it
	// was not read.
	Target string
	// Golden is the SHA-256 of the file of golden queries, "" for none.
	Golden  string
	Cutover *manifest.Cutover // nil for nothing
}

// Digest is the fingerprint of what is reviewed: the cluster, the steps with
// what they expect, the collections they lead to, what the manifest asks of
// each binding they make (`load`, `grants`, `require`, `from`, golden with the content of its
// file, canary, verify, group, on_failure, keep), and the flags that shape the
// plan or lift a refusal. Nothing that changes by itself is in it (row counts,
// notes, measurements), and nothing that the plan leaves alone. The same
// manifest, state, cluster and flags give the same digest on every machine.
func (p Plan) Digest() string {
	sum := sha256.New()
	out := json.NewEncoder(sum) // plain values, to a hash: no error
	fmt.Fprintf(sum, "2\n%s\n%s\n", p.Cluster.URI, p.Cluster.Label)
	drops := slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Op.Retires() })
	for _, c := range p.Choices {
		if c.Flag != DrainFlag || drops {
			_ = out.Encode(c)
		}
	}
	var s Step
	for _, s = range p.Steps {
		s.Rows, s.Order, s.Drift, s.Cutover, s.Loaded = nil, nil, false, nil, false
		if s.Op == LoadCollection { // its id is that of the target of an ask
			s.ID = ""
		}
		if s.Op == DropCollection { // its form in a digest stays what it always was
			s.From, s.ID = s.ID, ""
		}
		_ = out.Encode(&s)
	}
	var a Ask
	for _, a = range p.Asks {
		a.Cutover = unplaced(a.Cutover)
		_ = out.Encode(&a)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// unplaced is a cutover without the places in the manifest where it is written.
func unplaced(c *manifest.Cutover) *manifest.Cutover {
	if c == nil {
		return nil
	}
	bare := *c
	bare.Require = slices.Clone(c.Require)
	for i := range bare.Require {
		bare.Require[i].Pos = manifest.Position{}
	}
	if c.Canary != nil {
		canary := *c.Canary
		canary.Pos, bare.Canary = manifest.Position{}, &canary
	}
	if c.Golden != nil {
		golden := *c.Golden
		golden.Pos, bare.Golden = manifest.Position{}, &golden
	}
	if c.Load != nil {
		load := *c.Load
		load.Pos, bare.Load = manifest.Position{}, &load
	}
	if c.Keep != nil {
		keep := *c.Keep
		keep.Pos, bare.Keep = manifest.Position{}, &keep
	}
	return &bare
}
