package scene

import (
	"fmt"

	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/emulator"
	"aliasctl/internal/testkit"
)

// Spawn makes the program ready for a scene; hooks may use it at once.
func (c *Scene) Spawn(flags ...string) *program.Child {
	return program.NewChild(c.Dir, c.Command(flags...)...)
}

// Fate is what becomes of the request that was on its way when its sender was
// killed.
type Fate string

const (
	Lands Fate = "takes effect"
	Dies  Fate = "never takes effect"
	Done  Fate = "had its effect"
	Later Fate = "takes effect later"
)

// killAt kills the next run at one of its requests.
func (c *Scene) killAt(p *program.Child, n int64, what Fate) {
	at, when := testkit.Match{Request: n}, testkit.Before
	switch what {
	case Dies:
		c.AddFault(testkit.Fault{Match: at, Kind: testkit.Reset})
	case Later:
		c.AddFault(testkit.Fault{Match: at, Kind: testkit.Late})
	case Done:
		when = testkit.After
	}
	c.AddHook(testkit.Hook{Match: at, When: when, Do: func(testkit.Request) { p.Die() }})
}

// Killed runs the program until it is killed at request n, counted from now.
func (c *Scene) Killed(n int64, what Fate) error {
	c.ClearFaults()
	before, _ := c.Counts()
	c.Watch()
	p, over := c.Spawn("--settle", "200ms"), make(chan struct{})
	c.killAt(p, before+n, what)
	if what == Lands {
		c.AddHook(testkit.Hook{Match: testkit.Match{Request: before + n}, When: testkit.After, Do: func(testkit.Request) { close(over) }})
	} else {
		close(over)
	}
	e, err := p.Whole()
	if err == nil && e.Code != -1 {
		return fmt.Errorf("it was not killed: %v", e)
	}
	<-over
	return err
}

// Sequel is what the manifest says when the command is given again.
type Sequel struct {
	Name  string
	First Story
	Then  Story
}

// Play plays the first story until it is killed at request n, and then the second one
// to its end.
func (s Sequel) Play(profile emulator.Profile, dir string, n int64, what Fate) error {
	c, err := Play(s.First, profile, dir, "--parallel", "1")
	if err != nil {
		return err
	}
	defer c.End()
	if err := c.Killed(n, what); err != nil {
		return err
	}
	if err := c.Write(s.Then); err != nil {
		return err
	}
	return c.Settles()
}

// Fates are what may become of a request whose sender is killed.
func Fates(r testkit.Request) []Fate {
	if r.Writes {
		return []Fate{Lands, Dies, Done}
	}
	return []Fate{Dies}
}
