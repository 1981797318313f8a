package manager

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"
	"go.uber.org/zap"

	"picloud"
	"picloud/limits"
	"picloud/problem"
)

// refusal makes a picloud.Error one that huma sends.
type refusal struct{ reason *picloud.Error }

func (r refusal) Error() string             { return r.reason.Error() }
func (r refusal) Unwrap() error             { return r.reason }
func (r refusal) GetStatus() int            { return problem.Status(r.reason.Code) }
func (r refusal) ContentType(string) string { return problem.ContentType }

func (r refusal) GetHeaders() http.Header {
	h := http.Header{}
	problem.SetHeader(h, r.reason)
	h.Del("Content-Type") // huma sets it, from ContentType
	return h
}

// refuse turns any error into the answer to a call, and logs what the caller is
// not shown.
func (m *Manager) refuse(err error) error {
	e := picloud.AsError(err)
	if problem.Status(e.Code) >= http.StatusInternalServerError {
		m.config.Logger.Error("an admin call failed", zap.String("code", string(e.Code)), zap.Error(e))
	}
	return refusal{e}
}

// renderErrors gives every error body its one form: ours, and those huma makes
// while it decodes and validates a request.
func (m *Manager) renderErrors(ctx huma.Context, _ string, body any) (any, error) {
	switch b := body.(type) {
	case refusal:
		return problem.Body(b.reason), nil
	case *huma.ErrorModel:
		e := fromHuma(b)
		rendered := problem.Body(e)
		rendered["status"], rendered["title"] = b.Status, http.StatusText(b.Status)
		return rendered, nil
	}
	return body, nil
}

// describeErrors says in the OpenAPI document what errors look like here.
func describeErrors(schemas huma.Registry) {
	text := func(doc string) *huma.Schema { return &huma.Schema{Type: huma.TypeString, Description: doc} }
	described := schemas.Map()["ErrorModel"]
	if described == nil {
		return
	}
	*described = huma.Schema{
		Type:                 huma.TypeObject,
		Description:          "RFC 9457 problem document; each code has further members of its own",
		AdditionalProperties: true,
		Required:             []string{"code", "title", "status", "detail"},
		Properties: map[string]*huma.Schema{
			"code":   text("what went wrong, for programs"),
			"title":  text("the status in words"),
			"status": {Type: huma.TypeInteger, Description: "the HTTP status"},
			"detail": text("what went wrong, for people"),
			"hint":   text("the one thing to do about it"),
		},
	}
}

// fromHuma translates what huma found wrong with a request. Of several errors
// the first is told.
func fromHuma(m *huma.ErrorModel) *picloud.Error {
	switch {
	case m.Status == http.StatusRequestEntityTooLarge:
		return &picloud.Error{
			Code:    picloud.CodeRequestTooLarge,
			Message: fmt.Sprintf("the body may have at most %d bytes", maxRequestBytes),
			Details: map[string]any{"limit_bytes": maxRequestBytes},
		}
	case m.Status == http.StatusUnprocessableEntity && len(m.Errors) > 0:
		return fromDetail(m.Errors[0])
	case m.Status >= http.StatusInternalServerError:
		return picloud.AsError(m)
	}
	message := m.Detail
	if len(m.Errors) > 0 && m.Errors[0] != nil {
		message += ": " + m.Errors[0].Message
	}
	return &picloud.Error{Code: picloud.CodeBadRequest, Message: message}
}

// fromDetail translates one error of validation or decoding.
func fromDetail(d *huma.ErrorDetail) *picloud.Error {
	// a number that the schema takes and the field's type does not: 1e30. Its
	// text is encoding/json's and speaks of Go: "json: cannot unmarshal number
	// 1e30 into Go struct field X.sandbox.max_operations of type int64"
	if strings.HasPrefix(d.Message, "json: ") {
		path, _, _ := strings.Cut(d.Message, " of type ")
		return invalidField(path[strings.LastIndexAny(path, ". ")+1:], "must be a whole number, written without exponent", d)
	}
	return invalidField(fieldOf(d), d.Message, d)
}

// fieldOf names the field an error is about, as it stands in the JSON body; a
// limit of the sandbox object goes by its own name, as everywhere else.
func fieldOf(d *huma.ErrorDetail) string {
	var missing string
	field := strings.TrimPrefix(strings.TrimPrefix(d.Location, "body"), ".")
	if _, err := fmt.Sscanf(d.Message, validation.MsgExpectedRequiredProperty, &missing); err == nil {
		field = missing
	}
	if name, ok := strings.CutPrefix(field, "sandbox."); ok {
		if _, isLimit := limits.Lookup(limits.Field(name)); isLimit {
			return name
		}
	}
	return field
}

func invalidField(field, detail string, cause error) *picloud.Error {
	return &picloud.Error{
		Code:    picloud.CodeInvalidField,
		Message: strings.TrimPrefix(field+": "+detail, ": "),
		Details: map[string]any{"field": field, "detail": detail},
		Cause:   cause,
	}
}
