package faults

import (
	"fmt"
	"strconv"
	"testing"

	"golang.org/x/sync/errgroup"

	"aliasctl/internal/acceptance/scene"
	"aliasctl/internal/emulator"
	"aliasctl/internal/testkit"
)

// Every request of a run that looks for the newest collection goes wrong in every way:
// what could not be read is never passed over, so no alias goes to an older one, and
// the same command again ends where a run without a fault does. The server versions
// take turns.
func TestSweepNewest(t *testing.T) {
	dir := scene.Shared(t)
	var done scene.Tally
	var group errgroup.Group
	group.SetLimit(scene.Abreast)
	for p, profile := range emulator.Profiles() {
		list := baseline(t, scene.NewestStory, profile, dir, "--parallel", "1")
		for i, r := range list {
			for k, kind := range testkit.Kinds() {
				if turn := (i + k) % (4 * len(emulator.Profiles())); turn != 4*p && !scene.FullSweep() || scene.LeftOut(7*i+k) {
					continue
				}
				fault := testkit.Fault{
					Match: testkit.Match{Request: r.N}, Kind: kind, When: testkit.After, URL: "http://127.0.0.1:1/v2/vectordb/aliases/list",
					Code: 65535, Message: "etcdserver: too many operations in txn request", Delay: delayOf(kind), Body: "default backend - 404",
				}
				group.Go(func() error {
					if err := strikeNewest(profile, fault, dir, &done); err != nil {
						t.Errorf("milvus %s, %s, %s: %v", profile.Name, described(r), kind, err)
					}
					return nil
				})
			}
		}
	}
	_ = group.Wait()
	t.Log(done.Text())
}

func strikeNewest(profile emulator.Profile, fault testkit.Fault, dir string, done *scene.Tally) error {
	c, err := scene.Play(scene.NewestStory, profile, dir, "--parallel", "1")
	if err != nil {
		return err
	}
	defer c.End()
	c.Watch()
	c.AddFault(fault)
	before := c.Bound()
	e := c.Run(hasty...)
	c.Land()
	done.Count("exit " + strconv.Itoa(e.Code))
	if err := c.Truthful(e, before); err != nil {
		return err
	}
	for alias, to := range c.Bound() {
		if to == "products_v9" {
			return fmt.Errorf("alias %s went to %s, and there is a newer one: %v", alias, to, e)
		}
	}
	return c.Settles()
}
