package state

import (
	"cmp"
	"fmt"
	"net/url"
	"os"
	"os/user"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Holder is the run that holds a lock, as the lock file has it.
type Holder struct {
	Host    string    `json:"host"`
	PID     int       `json:"pid"`
	User    string    `json:"user"`
	Command string    `json:"command"`
	Started time.Time `json:"started"`
	// Run is the page of the run in a CI system, "" elsewhere.
	Run string `json:"run,omitempty"`
}

// Self describes this process. args are the words of its command line, which
// must hold no secret: any user of the state may read them.
func Self(args []string, started time.Time) Holder {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return Holder{
		Host:    host,
		PID:     os.Getpid(),
		User:    userName(),
		Command: commandLine(args),
		Started: started.UTC().Truncate(time.Second),
		Run:     ciRun(os.Getenv),
	}
}

// ciRun is the page of this run as GitHub, GitLab, CircleCI, Jenkins and Bitbucket
// give it. What is no plain
// URL is left out: the value comes from outside, and others will read it.
func ciRun(getenv func(string) string) string {
	page := cmp.Or(getenv("CI_JOB_URL"), getenv("CIRCLE_BUILD_URL"), getenv("BUILD_URL"))
	if name, build := getenv("BITBUCKET_REPO_FULL_NAME"), getenv("BITBUCKET_BUILD_NUMBER"); page == "" && name != "" && build != "" {
		page = "https://bitbucket.org/" + name + "/pipelines/results/" + build
	}
	server, repository, id := getenv("GITHUB_SERVER_URL"), getenv("GITHUB_REPOSITORY"), getenv("GITHUB_RUN_ID")
	if server != "" && repository != "" && id != "" {
		page = server + "/" + repository + "/actions/runs/" + id
	}
	u, err := url.Parse(page)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || checkText("run", page) != "" || len(page) > 1000 {
		return ""
	}
	return u.String()
}

// userName is the number of the user where the name is not known, as in a
// container that runs under an arbitrary one.
func userName() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "uid " + strconv.Itoa(os.Getuid())
}

// userInfo is what may be user and password in an address.
var userInfo = regexp.MustCompile(`://[^\s'"]*@`)

// commandLine joins words as a shell would read them, cut to what a message
// can bear.
func commandLine(args []string) string {
	const most = 1000
	words := make([]string, len(args))
	for i, arg := range args {
		words[i] = Quote(arg)
	}
	line := userInfo.ReplaceAllString(strings.Join(words, " "), "://***@")
	if len(line) > most {
		line = strings.ToValidUTF8(line[:most], "") + "..."
	}
	return line
}

// String is the holder as a message shows it. Every text is quoted: it comes
// from a file that others can write. Some stores do not show all of it.
func (h Holder) String() string {
	if h == (Holder{}) {
		return "another process, which left no name"
	}
	told := strconv.Quote(h.User)
	if h.Host != "" {
		told += fmt.Sprintf(" on host %q", h.Host)
	}
	if h.PID != 0 {
		told += fmt.Sprintf(", pid %d", h.PID)
	}
	if !h.Started.IsZero() {
		told += ", since " + h.Started.Format(time.RFC3339)
	}
	if h.Command != "" {
		told += fmt.Sprintf(": %q", h.Command)
	}
	if h.Run != "" {
		told += fmt.Sprintf(" (%q)", h.Run)
	}
	return told
}
