package executor

import "errors"

// Class reports what an error of a write means for the cluster.
type Class int

// The classes. An error without one counts as Unknown: the safe reading.
const (
	// Unknown: it may have happened, may happen later, or never.
	Unknown Class = iota
	// Refused: the cluster refused, nothing changed, trying again is no use.
	Refused
	// Transient: nothing changed, and a later try may succeed.
	Transient
	// Fatal: nothing changed, and no other call of this run can succeed either
	// (401, a TLS error, a server that is not Milvus).
	Fatal
)

// classed is what an error of a Cluster implements to be classified.
type classed interface{ Class() Class }

// ClassOf returns the class of the first error in the chain that has one.
func ClassOf(err error) Class {
	var c classed
	if errors.As(err, &c) {
		return c.Class()
	}
	return Unknown
}

// taken is implemented by the error of a create that Milvus refused because
// the alias is bound already (1602).
type taken interface {
	// TakenBy is the collection that the message names, "" when it names none.
	TakenBy() (collection string, ok bool)
}

// TakenBy reports whether err means that the alias exists already, and on which
// collection, where the server named it.
func TakenBy(err error) (collection string, ok bool) {
	var t taken
	if errors.As(err, &t) {
		return t.TakenBy()
	}
	return "", false
}
