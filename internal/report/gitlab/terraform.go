// Package gitlab writes what GitLab shows of a plan in a merge request.
package gitlab

import (
	"encoding/json"
	"io"

	"aliasctl/internal/report"
	"aliasctl/internal/safetext"
	"aliasctl/planner"
)

// counts is the JSON of artifacts:reports:terraform: GitLab shows the three numbers
// beside a link to the job (docs.gitlab.com, "Terraform integration in merge requests").
type counts struct {
	Create int `json:"create"`
	Update int `json:"update"`
	Delete int `json:"delete"`
}

// refused has none of the keys of counts. GitLab counts a file that lacks one of the
// three among the reports that failed to generate, with an error's icon, the name of the
// job and a link to its log (lib/gitlab/ci/parsers/terraform/tfplan.rb, missing_json_keys).
// Any numbers, also zeros, would be shown as the counts of a plan that can be applied.
type refused struct {
	Error string `json:"error"`
}

// Terraform writes how many aliases a document creates and switches, and how many
// aliases and collections it drops; after an apply, how many of these were done. A
// plan that is refused, and a failure, have no counts. The only errors are those of w.
func Terraform(w io.Writer, d report.Document) error {
	text, err := json.Marshal(formOf(d))
	if err != nil {
		return err
	}
	_, err = w.Write(append(safetext.JSON(text), '\n'))
	return err
}

func formOf(d report.Document) any {
	switch d := d.(type) {
	case report.Report:
		if d.Applied {
			return done(d)
		}
		if h := d.Page().Head; h.Tone == report.Bad {
			return refused{h.Verdict}
		}
		return planned(d.Plan.Summary)
	case report.DriftReport:
		return planned(d.Plan)
	case report.Failure:
		return refused{d.What}
	}
	return refused{}
}

func planned(s planner.Summary) counts {
	return counts{s.Create + s.Displace, s.Switch, s.Drop + s.Retire}
}

func done(r report.Report) (c counts) {
	for i := range r.Results {
		if !r.Results[i].Done() {
			continue
		}
		switch r.Results[i].Op {
		case planner.CreateAlias, planner.Displace:
			c.Create++
		case planner.AlterAlias, planner.RecreateAlias:
			c.Update++
		case planner.DropAlias, planner.DropCollection:
			c.Delete++
		}
	}
	return c
}
