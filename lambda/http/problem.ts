/** Errors over HTTP as problem+json (RFC 9457), each with a stable code and what to do about it. */
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';

export interface ProblemProps {
  readonly status: number;
  /** Stable; callers may depend on it. */
  readonly code: string;
  readonly title: string;
  /** What happened and what to do. Never holds what the caller sent. */
  readonly detail: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** Thrown by a command, answered as problem+json. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(props: ProblemProps) {
    super(props.detail, { cause: props.cause });
    this.name = 'Problem';
    this.status = props.status;
    this.code = props.code;
    this.title = props.title;
    this.headers = props.headers ?? {};
  }
}

/** @param instance - the request's id, so that a caller can name it to support */
export function problemResponse(problem: Problem, instance: string): APIGatewayProxyStructuredResultV2 {
  return {
    statusCode: problem.status,
    headers: { ...problem.headers, 'content-type': 'application/problem+json' },
    body: JSON.stringify({
      type: `urn:waybill:problem:${problem.code}`,
      title: problem.title,
      status: problem.status,
      code: problem.code,
      detail: problem.message,
      instance,
    }),
  };
}
