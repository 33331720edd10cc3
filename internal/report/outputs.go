package report

import "strconv"

// Output is a value that later jobs of a pipeline ask for. Its name has lower-case
// letters and hyphens, its value is one plain word.
type Output struct{ Name, Value string }

// Outputs are those of a document: whether a plan changes or drops anything, and its
// digest; whether there is drift. Those of a failure are empty, so that they clear
// what an earlier run has set.
func Outputs(d Document) []Output {
	switch d := d.(type) {
	case Report:
		s := d.Plan.Summary
		return []Output{
			{"has-changes", strconv.FormatBool(s.Pending() > 0 || !d.Plan.Housekeeping.Empty())},
			{"has-drops", strconv.FormatBool(s.Drop+s.Retire > 0)},
			{"digest", d.Digest},
		}
	case DriftReport:
		return []Output{{"has-drift", strconv.FormatBool(d.Changed() > 0)}}
	case Failure:
		if d.Drift {
			return []Output{{Name: "has-drift"}}
		}
		return []Output{{Name: "has-changes"}, {Name: "has-drops"}, {Name: "digest"}}
	}
	return nil
}
