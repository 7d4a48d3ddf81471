// Command manifests reads Kubernetes manifests on standard input and decodes each one strictly into its published type.
// Pods have to meet the restricted Pod Security Standard besides. It prints a line for each mistake and exits with status 1
// if there is any.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"
)

func main() {
	types := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{scheme.AddToScheme, monitoringv1.AddToScheme} {
		if err := add(types); err != nil {
			fail(err)
		}
	}
	security, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		fail(err)
	}
	mistakes := 0
	documents := utilyaml.NewYAMLReader(bufio.NewReader(os.Stdin))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			fail(err)
		}
		if err := check(types, security, document); err != nil {
			fmt.Println(err)
			mistakes++
		}
	}
	if mistakes > 0 {
		os.Exit(1)
	}
}

// check decodes one document. A document without an object, such as comments alone, is fine.
func check(types *runtime.Scheme, security policy.Evaluator, document []byte) error {
	var object struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Metadata   struct {
			Name string `json:"name"`
		} `json:"metadata"`
	}
	if err := yaml.Unmarshal(document, &object); err != nil {
		return err
	}
	if object.Kind == "" && object.APIVersion == "" {
		return nil
	}
	typed, err := types.New(schema.FromAPIVersionAndKind(object.APIVersion, object.Kind))
	if err == nil {
		err = yaml.UnmarshalStrict(document, typed)
	}
	if deployment, ok := typed.(*appsv1.Deployment); ok && err == nil {
		err = restricted(security, deployment)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", object.Kind, object.Metadata.Name, err)
	}
	return nil
}

// restricted holds a deployment's pods to the restricted Pod Security Standard.
func restricted(security policy.Evaluator, deployment *appsv1.Deployment) error {
	level := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	template := deployment.Spec.Template
	results := security.EvaluatePod(level, &template.ObjectMeta, &template.Spec)
	if found := policy.AggregateCheckResults(results); !found.Allowed {
		return fmt.Errorf("not restricted: %s", found.ForbiddenDetail())
	}
	return nil
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(2)
}
