package examples

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/sync"
	"aliasctl/internal/testkit/gateway"
)

// objects are the files with objects of Kubernetes.
func objects(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("examples/kubernetes/*.yaml")
	program.Must(t, err)
	return append(files, "examples/argocd/presync.yaml")
}

// Every field of every object is one that the API server knows, with a value of its type.
func TestKubernetesObjects(t *testing.T) {
	check, err := gateway.Built("kubernetes", ".")
	if err != nil {
		missing(t, "k8s.io/api", err)
	}
	said, err := exec.Command(check, objects(t)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	requires(t, string(said), "ConfigMap", "CronJob *v1.CronJob", "Job *v1.Job")
}

// jobSpec is what is looked at of a Job.
type jobSpec struct {
	BackoffLimit     int `yaml:"backoffLimit"`
	PodFailurePolicy struct {
		Rules []struct {
			Action      string
			OnExitCodes struct {
				ContainerName, Operator string
				Values                  []int
			} `yaml:"onExitCodes"`
		}
	} `yaml:"podFailurePolicy"`
	Template struct {
		Spec struct {
			RestartPolicy string `yaml:"restartPolicy"`
			Containers    []struct {
				Name string
				Args []string
			}
		}
	}
}

// jobs are those of the examples, by the place of each.
func jobs(t *testing.T) map[string]jobSpec {
	t.Helper()
	found := map[string]jobSpec{}
	for _, path := range objects(t) {
		for _, document := range documents(t, path) {
			var object struct {
				Kind string
				Spec struct {
					jobSpec     `yaml:",inline"`
					JobTemplate struct{ Spec jobSpec } `yaml:"jobTemplate"`
				}
			}
			program.Must(t, document.Decode(&object))
			switch object.Kind {
			case "Job":
				found[path] = object.Spec.jobSpec
			case "CronJob":
				found[path] = object.Spec.JobTemplate.Spec
			}
		}
	}
	if len(found) != 3 {
		t.Fatalf("%d jobs", len(found))
	}
	return found
}

// final are the codes after which the same run again would end in the same way.
var final = map[string][]int{
	"sync":  {int(sync.Refused), int(sync.Stale), int(sync.Usage)},
	"drift": {int(sync.Refused), int(sync.Drifted), int(sync.Usage)},
}

// A job whose exit code only a person can change fails at once; any other is tried again
// in a new pod.
func TestJobsFailByExitCode(t *testing.T) {
	for path, j := range jobs(t) {
		if j.Template.Spec.RestartPolicy != "Never" || j.BackoffLimit < 1 {
			t.Errorf("%s: restartPolicy %q, backoffLimit %d: no pod is tried again by its exit code", path, j.Template.Spec.RestartPolicy, j.BackoffLimit)
		}
		container := j.Template.Spec.Containers[0]
		rule := j.PodFailurePolicy.Rules[0]
		if rule.Action != "FailJob" || rule.OnExitCodes.Operator != "In" || !slices.Equal(rule.OnExitCodes.Values, final[container.Args[0]]) {
			t.Errorf("%s: %+v, want to fail by %v", path, rule, final[container.Args[0]])
		}
	}
}

// The containers of the jobs, run in the situations of each kind: what a person has to
// look at ends in a code of the policy, and what passes does not.
func TestContainersOfJobs(t *testing.T) {
	t.Parallel()
	all := jobs(t)
	args := func(path string) []string { return all[path].Template.Spec.Containers[0].Args }
	for _, path := range []string{"examples/kubernetes/cronjob.yaml", "examples/argocd/presync.yaml"} {
		d := newDesk(t)
		d.container(0, args(path))
		requires(t, d.said, `"exit_code":0`)
		d.container(0, args("examples/kubernetes/drift.yaml"))
		program.Ask(t, d.url, "", "/v2/vectordb/aliases/alter", map[string]any{"aliasName": "products", "collectionName": "products_v3"})
		d.container(3, args(path))
		d.container(8, args("examples/kubernetes/drift.yaml"))
		d.write("version: 1\naliases: [products]\n")
		d.container(64, args(path))
		requires(t, d.said, `"rule":"wrong-type"`)
		d.write("version: 1\naliases: {products: products_v1}\n")
		d.env = append(d.env, "MILVUS_URI=http://127.0.0.1:1", "ALIASCTL_RETRIES=0")
		d.container(1, args(path))
		if strings.Contains(d.said, "panic") {
			t.Error(d.said)
		}
	}
}
