package scene

import (
	"fmt"

	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/emulator"
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
	at, when := emulator.Match{Request: n}, emulator.Before
	switch what {
	case Dies:
		c.AddFault(emulator.Fault{Match: at, Kind: emulator.Reset})
	case Later:
		c.AddFault(emulator.Fault{Match: at, Kind: emulator.Late})
	case Done:
		when = emulator.After
	}
	c.AddHook(emulator.Hook{Match: at, When: when, Do: func(emulator.Request) { p.Die() }})
}

// Killed runs the program until it is killed at request n, counted from now.
func (c *Scene) Killed(n int64, what Fate) error {
	c.ClearFaults()
	before, _ := c.Counts()
	c.Watch()
	p, over := c.Spawn("--settle", "200ms"), make(chan struct{})
	c.killAt(p, before+n, what)
	if what == Lands {
		c.AddHook(emulator.Hook{Match: emulator.Match{Request: before + n}, When: emulator.After, Do: func(emulator.Request) { close(over) }})
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
