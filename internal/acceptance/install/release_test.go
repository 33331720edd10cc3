package install

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"

	"gopkg.in/yaml.v3"

	"aliasctl/internal/acceptance/program"
)

// release is what .goreleaser.yaml says, as far as other files of the project rely on it.
type release struct {
	Project string `yaml:"project_name"`
	Before  struct{ Hooks []string }
	Builds  []struct {
		ID           string
		Flags        []string
		Ldflags      []string
		Goos, Goarch []string
	}
	Archives []struct {
		ID           string
		NameTemplate string   `yaml:"name_template"`
		Formats      []string `yaml:"formats"`
		Overrides    []struct {
			Goos    string
			Formats []string
		} `yaml:"format_overrides"`
		Files []struct{ Src string }
	}
	Checksum struct {
		NameTemplate string `yaml:"name_template"`
		Algorithm    string
	}
	Packages []struct {
		Contents []struct{ Src, Dst string }
	} `yaml:"nfpms"`
	Casks []struct {
		Manpages    []string
		Completions map[string]string
	} `yaml:"homebrew_casks"`
	Images []struct {
		Dockerfile string
		Platforms  []string
	} `yaml:"dockers_v2"`
}

// file is a file of the project.
func file(t *testing.T, name string) string {
	t.Helper()
	root, err := program.Root()
	program.Must(t, err)
	text, err := os.ReadFile(filepath.Join(root, name))
	program.Must(t, err)
	return string(text)
}

func releaseOf(t *testing.T) (r release) {
	t.Helper()
	program.Must(t, yaml.Unmarshal([]byte(file(t, ".goreleaser.yaml")), &r))
	if len(r.Builds) != 1 || len(r.Archives) != 1 {
		t.Fatalf("%d builds and %d archives", len(r.Builds), len(r.Archives))
	}
	return r
}

// archiveName is the line of install.sh with the name that it downloads.
var archiveName = regexp.MustCompile(`(?m)^archive=(.*)$`)

// The GitHub action downloads what a release has: the names of the archives, the file
// with the checksums, and the tag in the address are the same on both sides.
func TestReleaseHasWhatTheActionDownloads(t *testing.T) {
	r, script := releaseOf(t), file(t, ".github/actions/aliasctl/install.sh")
	asked := archiveName.FindStringSubmatch(script)
	if asked == nil {
		t.Fatal("install.sh names no archive")
	}
	named, err := template.New("name").Parse(r.Archives[0].NameTemplate)
	program.Must(t, err)
	for _, goos := range r.Builds[0].Goos {
		for _, goarch := range r.Builds[0].Goarch {
			var name bytes.Buffer
			program.Must(t, named.Execute(&name, map[string]string{"Version": "1.2.3", "Os": goos, "Arch": goarch}))
			formats := r.Archives[0].Formats
			for _, o := range r.Archives[0].Overrides {
				if o.Goos == goos {
					formats = o.Formats
				}
			}
			want := strings.NewReplacer("${version}", "1.2.3", "${os}", goos, "${arch}", goarch).Replace(asked[1])
			if goos == "windows" { // ${archive%.tar.gz}.zip
				want = strings.TrimSuffix(want, ".tar.gz") + ".zip"
			}
			if got := name.String() + "." + strings.Join(formats, "+"); got != want {
				t.Errorf("the release has %s, the action downloads %s", got, want)
			}
			if !strings.Contains(script, "os="+goos) || !strings.Contains(script, "arch="+goarch) {
				t.Errorf("the action knows no release for %s/%s", goos, goarch)
			}
		}
	}
	if sums := r.Checksum.NameTemplate; !strings.Contains(script, `"$archive" `+sums+";") || r.Checksum.Algorithm != "sha256" {
		t.Errorf("the action does not read %s with %s", sums, r.Checksum.Algorithm)
	}
	if !strings.Contains(script, "/releases/download/v$version") || !strings.Contains(file(t, ".github/workflows/release.yml"), `tags: ["v*"]`) {
		t.Error("the tag of a release is not the one that the action looks for")
	}
}

// A release is built as the test of two equal builds builds it, and says its version.
func TestReleaseIsBuiltAsTested(t *testing.T) {
	b := releaseOf(t).Builds[0]
	if want := []string{"-s -w -buildid= -X aliasctl/internal/cli.release={{ .Version }}"}; !slices.Equal(b.Ldflags, want) {
		t.Errorf("ldflags %q, want %q", b.Ldflags, want)
	}
	if want := []string{"-trimpath", "-buildvcs=true"}; !slices.Equal(b.Flags, want) {
		t.Errorf("flags %q, want %q", b.Flags, want)
	}
	if !regexp.MustCompile(`(?m)^var release string\b|^\s+release\s+(string|=)`).MatchString(file(t, "internal/cli/version.go")) {
		t.Error("internal/cli has no variable release")
	}
}

// Every file that a release packs is one of the project or is made by its hook.
func TestReleasePacksWhatThereIs(t *testing.T) {
	r := releaseOf(t)
	made := filepath.Join(t.TempDir(), "dist-assets")
	fake := t.TempDir() // go run . WORDS, by the program that is built already
	program.Must(t, os.WriteFile(filepath.Join(fake, "go"), []byte("#!/bin/sh\nshift 2\nexec aliasctl \"$@\"\n"), 0o755))
	root, err := program.Root()
	program.Must(t, err)
	if !slices.Equal(r.Before.Hooks, []string{"bash .ci/assets dist-assets"}) {
		t.Fatalf("hooks %q", r.Before.Hooks)
	}
	hook := exec.Command("bash", ".ci/assets", made)
	hook.Dir, hook.Env = root, program.Environment("PATH="+fake+string(os.PathListSeparator)+os.Getenv("PATH"))
	run(t, hook)

	var packed []string
	for _, f := range r.Archives[0].Files {
		packed = append(packed, f.Src)
	}
	for _, p := range r.Packages {
		if !slices.ContainsFunc(p.Contents, func(c struct{ Src, Dst string }) bool { return c.Src == "LICENSE" }) {
			t.Error("a package does not have the license, which asks to be given along")
		}
		for _, c := range p.Contents {
			packed = append(packed, c.Src)
		}
	}
	for _, c := range r.Casks {
		packed = append(packed, c.Manpages...)
		for _, src := range c.Completions {
			packed = append(packed, src)
		}
	}
	for _, i := range r.Images {
		packed = append(packed, i.Dockerfile)
	}
	if len(packed) < 10 {
		t.Fatalf("only %q are packed", packed)
	}
	for _, src := range packed {
		path := filepath.Join(root, src)
		if rest, ok := strings.CutPrefix(src, "dist-assets/"); ok {
			path = filepath.Join(made, rest)
		}
		found, err := filepath.Glob(path)
		if err != nil || len(found) == 0 {
			t.Errorf("%s is packed, and it is nowhere", src)
		}
		for _, f := range found {
			if info, err := os.Stat(f); err != nil || info.Size() == 0 {
				t.Errorf("%s is empty: %v", f, err)
			}
		}
	}
	if !strings.Contains(file(t, r.Images[0].Dockerfile), "COPY $TARGETPLATFORM/aliasctl /aliasctl") {
		t.Error("the image does not have the binary of its platform")
	}
}

// known are the fields of templates of goreleaser that are used
// (goreleaser.com/customization/templates). A variable of GitHub has a default, so that a
// release can be tried without GitHub.
var known = []string{".Version", ".Major", ".Os", ".Arch", ".CommitTimestamp", ".CommitDate", "envOrDefault `GITHUB_REPOSITORY` `your-org/aliasctl`", "envOrDefault `GITHUB_REPOSITORY_OWNER` `your-org`"}

func TestTemplatesOfTheRelease(t *testing.T) {
	found := regexp.MustCompile(`\{\{(.*?)\}\}`).FindAllStringSubmatch(file(t, ".goreleaser.yaml"), -1)
	if len(found) < 10 {
		t.Fatalf("only %d templates", len(found))
	}
	for _, m := range found {
		if !slices.Contains(known, strings.TrimSpace(m[1])) {
			t.Errorf("{{%s}} is no field of a release that is known here", m[1])
		}
	}
}
