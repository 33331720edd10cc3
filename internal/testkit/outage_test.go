package testkit

import (
	"errors"
	"net/http"
	"net/http/httputil"
	"net/url"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"aliasctl/internal/emulator"
)

const soon = 50 * time.Millisecond

func TestAFrozenServerReadsWhatWasSentWhenItGoesOn(t *testing.T) {
	c := pair(t, emulator.V26)
	c.AddFault(Fault{Match: Match{Nth: 1}, Kind: Frozen})
	at := serve(t, c)
	if a := call(at, "aliases/alter", toV2, soon); a.err == nil || c.bound("products") != "products_v1" {
		t.Errorf("the write that froze it: %+v, bound to %s", a, c.bound("products"))
	}
	if a := call(at, "aliases/describe", `{"aliasName":"products"}`, soon); a.err == nil {
		t.Errorf("a frozen server answers a read: %+v", a)
	}
	patient := make(chan received, 1)
	go func() {
		patient <- call(at, "collections/has", `{"collectionName":"products_v2"}`, time.Minute)
	}()
	for c.script.log.count.Load() < 3 {
		time.Sleep(time.Millisecond)
	}
	eventually(t, func() bool { // both clients are known to have left
		c.script.mu.Lock()
		defer c.script.mu.Unlock()
		return len(c.script.late) == 2
	})
	if n := c.Land(); n != 2 || c.bound("products") != "products_v2" {
		t.Errorf("%d landed, bound to %s", n, c.bound("products"))
	}
	if a := <-patient; !isJSON("0")(a) {
		t.Errorf("the client that waited: %+v", a)
	}
}

func TestAFrozenServerGoesOnByItself(t *testing.T) {
	c := pair(t, emulator.V26)
	c.AddFault(Fault{Match: Match{Nth: 1}, Kind: Frozen, Delay: soon})
	at := serve(t, c)
	began := time.Now()
	if a := call(at, "aliases/alter", toV2, time.Minute); !isJSON("0")(a) || time.Since(began) < soon {
		t.Errorf("after %s: %+v", time.Since(began), a)
	}
	if a := call(at, "aliases/alter", toV2, time.Minute); !isJSON("0")(a) {
		t.Errorf("once more: %+v", a)
	}
}

func TestARestartedServerIsBackLater(t *testing.T) {
	for when, want := range map[When]string{Before: "products_v1", After: "products_v2"} {
		c := pair(t, emulator.V26)
		c.AddFault(Fault{Match: Match{Nth: 1}, Kind: Restarted, When: when, Delay: 300 * time.Millisecond})
		at := serve(t, c)
		for range 2 {
			if a := call(at, "aliases/alter", toV2, time.Minute); !errors.Is(a.err, syscall.ECONNRESET) {
				t.Errorf("%s: %+v", when, a)
			}
			if got := c.bound("products"); got != want {
				t.Errorf("%s: bound to %s, want %s", when, got, want)
			}
		}
		eventually(t, func() bool { return isJSON("0")(call(at, "aliases/alter", toV2, time.Minute)) })
	}
}

// TestAnAlterWaitsForASlowProxy holds the answer back, and past the time limit
// gives a 408, with the effect on the side of the wait that is the version's.
func TestAnAlterWaitsForASlowProxy(t *testing.T) {
	for _, version := range emulator.Profiles() {
		t.Run(version.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := pair(t, version)
				c.AddFault(Fault{Match: Match{Nth: 1}, Kind: SlowProxy, Delay: 20 * time.Second})
				c.AddFault(Fault{Match: Match{Request: 2}, Kind: SlowProxy, Delay: 45 * time.Second})
				began := time.Now()
				answered := make(chan int, 1)
				go func() { answered <- serveOnce(c, "aliases/alter", toV2) }()
				time.Sleep(time.Second)
				if now := c.bound("products") == "products_v2"; now == version.ExpiresFirst {
					t.Errorf("during the wait: bound to %s", c.bound("products"))
				}
				if status := <-answered; status != http.StatusOK || time.Since(began) != 20*time.Second || c.bound("products") != "products_v2" {
					t.Errorf("status %d after %s, bound to %s", status, time.Since(began), c.bound("products"))
				}
				began = time.Now()
				status := serveOnce(c, "aliases/alter", `{"aliasName":"products","collectionName":"products_v1"}`)
				if status != http.StatusRequestTimeout || time.Since(began) != 30*time.Second {
					t.Errorf("status %d after %s", status, time.Since(began))
				}
				time.Sleep(time.Minute)
				want := "products_v1"
				if version.ExpiresFirst && !version.LandsLate {
					want = "products_v2"
				}
				if got := c.bound("products"); got != want {
					t.Errorf("in the end bound to %s, want %s", got, want)
				}
			})
		})
	}
}

// TestFaultsStandBeforeAServerElsewhere is how they stand before a real Milvus:
// nothing of the server but its address is known.
func TestFaultsStandBeforeAServerElsewhere(t *testing.T) {
	e := emulator.New(emulator.V26)
	must(t, e.CreateCollection(emulator.DefaultDatabase, "products_v1"))
	must(t, e.CreateCollection(emulator.DefaultDatabase, "products_v2"))
	must(t, e.CreateAlias(emulator.DefaultDatabase, "products", "products_v1"))
	bound := func() string { return e.Bindings(emulator.DefaultDatabase)["products"] }
	to, err := url.Parse(serve(t, e))
	must(t, err)

	faults := NewFaults(emulator.V26)
	var met []Request
	faults.AddHook(Hook{Match: Match{Alias: "products"}, Do: func(r Request) { met = append(met, r) }})
	faults.AddFault(Fault{Match: Match{Writes: true, Nth: 1}, Kind: Late})
	faults.AddFault(Fault{Match: Match{Writes: true, Nth: 2}, When: After, Kind: Truncated})
	at := serve(t, faults.Before(httputil.NewSingleHostReverseProxy(to)))

	if a := call(at, "aliases/alter", toV2, time.Minute); a.status != http.StatusRequestTimeout || bound() != "products_v1" {
		t.Errorf("late: %+v, bound to %s", a, bound())
	}
	if n := faults.Land(); n != 1 || bound() != "products_v2" {
		t.Errorf("%d landed, bound to %s", n, bound())
	}
	if a := call(at, "aliases/alter", `{"aliasName":"products","collectionName":"products_v1"}`, time.Minute); a.err == nil || bound() != "products_v1" {
		t.Errorf("truncated: %+v, bound to %s", a, bound())
	}
	if a := call(at, "aliases/describe", `{"aliasName":"products"}`, time.Minute); !isJSON("0")(a) {
		t.Errorf("as usual: %+v", a)
	}
	if len(met) != 3 || met[1].Route != "aliases/alter" || met[1].Collection != "products_v1" || !met[1].Writes {
		t.Errorf("met %+v", met)
	}
}
