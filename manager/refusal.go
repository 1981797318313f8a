package manager

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
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

// refuse turns any error into the answer to a call, and logs what the caller is
// not shown.
func (m *Manager) refuse(err error) error {
	e := picloud.AsError(err)
	if problem.Status(e.Code) >= http.StatusInternalServerError {
		m.config.Logger.Error("an admin call failed", zap.String("code", string(e.Code)), zap.Error(e))
	}
	return refusal{e}
}

// renderErrors gives every error its one form, body and headers: ours, and those
// huma makes of a parameter that is not right.
func (m *Manager) renderErrors(ctx huma.Context, _ string, body any) (any, error) {
	var e *picloud.Error
	switch b := body.(type) {
	case refusal:
		e = b.reason
	case *huma.ErrorModel:
		e = fromHuma(b)
	default:
		return body, nil
	}
	_, w := humago.Unwrap(ctx)
	problem.SetHeader(w.Header(), e)
	return problem.Body(e), nil
}

// fromHuma translates what huma finds wrong by itself, before or after a handler.
// It reads no body, so that is a parameter, and has the status of invalid_field. Of
// several errors the first is told.
func fromHuma(m *huma.ErrorModel) *picloud.Error {
	if m.Status == http.StatusUnprocessableEntity && len(m.Errors) > 0 {
		return fromDetail(m.Errors[0])
	}
	return picloud.AsError(m)
}

// fromDetail translates one error of validation.
func fromDetail(d *huma.ErrorDetail) *picloud.Error { return invalidField(fieldOf(d), d.Message, d) }

// fieldOf names what an error is about: a parameter, or a field as it stands in the
// JSON body. A limit of the sandbox object goes by its own name, as everywhere else.
func fieldOf(d *huma.ErrorDetail) string {
	var missing string
	_, field, _ := strings.Cut(d.Location, ".") // after "body" or "query"
	if _, err := fmt.Sscanf(d.Message, validation.MsgExpectedRequiredProperty, &missing); err == nil {
		field = missing
	}
	return limitName(field)
}

// limitName gives a limit of the sandbox object its own name, and leaves others.
func limitName(field string) string {
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
