package problem

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"picloud"
)

func TestStatuses(t *testing.T) {
	for code, status := range map[picloud.Code]int{
		picloud.CodeBadRequest: 400, picloud.CodeUnauthorized: 401, picloud.CodeForbidden: 403,
		picloud.CodeNotFound: 404, picloud.CodeScriptNotFound: 404, picloud.CodeMethodNotAllowed: 405,
		picloud.CodeScriptExists: 409, picloud.CodeVersionConflict: 412, picloud.CodeRequestTooLarge: 413,
		picloud.CodeLimitExceedsCeiling: 422, picloud.CodeInvalidField: 422, picloud.CodeInvalidScript: 422,
		picloud.CodeScriptError: 500, picloud.CodeInternal: 500, picloud.CodeWorkerKilled: 502,
		picloud.CodeOverloaded: 503, picloud.CodeStoreUnavailable: 503, picloud.CodeShuttingDown: 503,
		picloud.CodeTimeout: 504, picloud.CodeLimitExceeded: 507,
	} {
		w := httptest.NewRecorder()
		Write(w, &picloud.Error{Code: code, Message: "m", Hint: "h", Details: map[string]any{"field": "f"}, Cause: errors.New("secret")})
		var body map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Fatal(err)
		}
		if w.Code != status || body["status"] != float64(status) || body["code"] != string(code) ||
			body["detail"] != "m" || body["hint"] != "h" || body["field"] != "f" || body["title"] == "" {
			t.Errorf("%s: %d %s", code, w.Code, w.Body)
		}
		if w.Header().Get("Content-Type") != ContentType || (w.Header().Get("Retry-After") != "") != (status == 503) ||
			(w.Header().Get("WWW-Authenticate") != "") != (status == 401) {
			t.Errorf("%s: headers %v", code, w.Header())
		}
		if strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: the cause is shown: %s", code, w.Body)
		}
	}
}

func TestErrorsThatAreNotOurs(t *testing.T) {
	w := httptest.NewRecorder()
	Write(w, picloud.AsError(errors.New("secret")))
	if w.Code != 500 || !strings.Contains(w.Body.String(), `"internal"`) || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w = httptest.NewRecorder()
	Write(w, &picloud.Error{Code: picloud.CodeTimeout, Message: "m", Details: map[string]any{"bad": func() {}}})
	if w.Code != 504 || !json.Valid(w.Body.Bytes()) {
		t.Errorf("a detail JSON has no form for: %d %s", w.Code, w.Body)
	}
}
