package cli

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/cpuguy83/go-md2man/v2/md2man"
	"github.com/urfave/cli/v2"

	"aliasctl/internal/cli/manual"
	"aliasctl/internal/planfile"
	"aliasctl/internal/report"
	"aliasctl/internal/report/mistakes"
	"aliasctl/manifest"
	"aliasctl/planner"
)

// release is set by the linker in a release build.
var release string

// build is what a binary knows of how it was made.
type build struct {
	Version string     `json:"version"`
	Commit  string     `json:"commit"` // "" where it was not built in a clone
	Date    *time.Time `json:"date"`   // of the commit
	Dirty   bool       `json:"dirty"`  // with changes that are in no commit
	Go      string     `json:"go"`
	OS      string     `json:"os"`
	Arch    string     `json:"arch"`
	// Formats are the versions that this program writes.
	Formats formatVersions `json:"formats"`
}

type formatVersions struct {
	Manifest int `json:"manifest"`
	State    int `json:"state"`
	Plan     int `json:"plan"`
	Report   int `json:"report"`
	Drift    int `json:"drift"`
	Events   int `json:"events"`
	Mistakes int `json:"mistakes"`
}

// thisBuild reads what the linker and the go command have put into the binary.
func thisBuild() build {
	b := build{
		Version: release, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH,
		Formats: formatVersions{Manifest: manifest.Version, State: planner.StateVersion, Plan: planfile.Version,
			Report: planner.PlanVersion, Drift: report.DriftVersion, Events: eventVersion, Mistakes: mistakes.Version},
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b.named("")
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.modified":
			b.Dirty = s.Value == "true"
		case "vcs.time":
			if at, err := time.Parse(time.RFC3339, s.Value); err == nil {
				b.Date = &at
			}
		}
	}
	return b.named(info.Main.Version)
}

// named gives a build a version: that of the release, else of the module, else
// what is known of the commit.
func (b build) named(module string) build {
	switch {
	case b.Version != "":
	case module != "" && module != "(devel)":
		b.Version = module
	default:
		b.Version = "devel"
		if len(b.Commit) >= 12 {
			b.Version += "-" + b.Commit[:12]
		}
		if b.Dirty {
			b.Version += "-dirty"
		}
	}
	return b
}

func (b build) text() string {
	text := fmt.Sprintf("aliasctl %s %s %s/%s\n", b.Version, b.Go, b.OS, b.Arch)
	if b.Commit == "" {
		return text
	}
	text += "commit " + b.Commit
	if b.Dirty {
		text += ", with changes that are not committed"
	}
	if b.Date != nil {
		text += "\ndate " + b.Date.UTC().Format(time.RFC3339)
	}
	return text + "\n"
}

// version names this build in one word.
func version() string { return thisBuild().Version }

func versionCommand(s *streams) *cli.Command {
	o := newOptions()
	return &cli.Command{
		Name:  "version",
		Usage: "print the version, the commit and how it was built",
		Description: "With -o json also the versions of the formats that it writes.\n\n" +
			"Example:   aliasctl version\n" +
			"           aliasctl version -o json",
		Flags: []cli.Flag{formatFlag(o, "text", "json")},
		Action: o.action(s, func(*cli.Context) error {
			if err := o.textOrJSON(); err != nil {
				return err
			}
			if o.output == "json" {
				return s.answerJSON(thisBuild())
			}
			_, err := io.WriteString(s.out, fit(thisBuild().text(), s.style(s.out).Width))
			return err
		}),
	}
}

func manCommand(s *streams) *cli.Command {
	return &cli.Command{
		Name:        "man",
		Usage:       "print the manual page",
		Description: "Example:   aliasctl man > /usr/local/share/man/man1/aliasctl.1",
		Action: func(*cli.Context) error {
			_, err := s.out.Write(md2man.Render([]byte(manual.Page(newApp(s)))))
			return err
		},
	}
}
