/**
 * Codes that the HTTP API of the core system answers with. Not tied to its types: the core system is no part of the
 * package, and a type that is imported would bring it in.
 */
import type { AreaExplanation } from './explanation.ts';

export const TOKEN_EXPLANATIONS = {
  WAYBILL_TOKEN_SECRET_NOT_CONFIGURED: {
    what: 'API_TOKEN_SECRET_ARN is not set.',
    why: 'Tokens cannot be checked: every request is refused.',
    fix: 'Set it to the secret whose text signs the tokens.',
    example: 'API_TOKEN_SECRET_ARN=arn:aws:secretsmanager:eu-west-1:111111111111:secret:tokens',
  },
  WAYBILL_TOKEN_SECRET_UNREADABLE: {
    what: 'The secret that signs the tokens could not be read.',
    why: 'Tokens cannot be checked: every request is refused.',
    fix: 'Let the role read the secret, and use its key.',
    example: 'secret.grantRead(authorizer);',
  },
  WAYBILL_TOKEN_SECRET_TOO_SHORT: {
    what: 'The secret that signs the tokens has fewer than 32 characters.',
    why: 'It could be guessed (RFC 7518, section 3.2).',
    fix: 'Give it at least 32.',
    example: 'generateSecretString: { passwordLength: 48 }',
  },
} as const satisfies Record<string, AreaExplanation>;

export const CORE_EXPLANATIONS = {
  WAYBILL_BODY_NOT_JSON: {
    what: 'The body of a request is not JSON. Answered with 400.',
    why: 'Nothing was stored.',
    fix: 'Send one JSON value in UTF-8.',
    example: 'curl -H \'content-type: application/json\' -d \'{"name":"Shop"}\' ...',
  },
  WAYBILL_BODY_TOO_LARGE: {
    what: 'The body of a command is larger than it may be. Answered with 413.',
    why: 'Nothing was stored.',
    fix: 'Send less; the limit is in the answer.',
    example: '{ "name": "Shop" }',
  },
  WAYBILL_COMMAND_INVALID: {
    what: 'A command does not fit its schema. Answered with 422.',
    why: 'Nothing was stored.',
    fix: 'Correct the fields that the answer names.',
    example: '{ "name": "Shop" }',
  },
  WAYBILL_NOT_AUTHENTICATED: {
    what: 'A request has no token, or one that is not valid. Answered with 401.',
    why: 'The tenant comes from the token alone (D18).',
    fix: 'Send a token.',
    example: 'Authorization: Bearer TOKEN',
  },
  WAYBILL_ROLE_NOT_ALLOWED: {
    what: 'The role in the token may not do this. Answered with 403.',
    why: 'The answer names the roles that may.',
    fix: 'Ask somebody with that role.',
    example: 'Authorization: Bearer TOKEN_OF_AN_OWNER',
  },
  WAYBILL_NOT_FOUND: {
    what: 'The tenant has no such thing. Answered with 404.',
    why: 'What belongs to another tenant is not found either.',
    fix: 'Check the id in the path.',
    example: 'GET /projects',
  },
  WAYBILL_ROUTE_UNKNOWN: {
    what: 'There is no such route. Answered with 404.',
    why: 'The answer lists those that there are.',
    fix: 'Correct the method or the path.',
    example: 'POST /projects',
  },
  WAYBILL_INTERNAL: {
    what: 'Something is wrong with the service. Answered with 500.',
    why: 'Nothing was stored, and the log of the function has the reason under the instance of the answer.',
    fix: 'Send the request again; if it fails again, look for the instance in the log.',
    example: 'filter @message like "INSTANCE"',
  },
  WAYBILL_DATABASE_UNAVAILABLE: {
    what: 'The database cannot be reached. Answered with 503.',
    why: 'Nothing was stored.',
    fix: 'Send the same request again after the seconds in Retry-After.',
    example: 'Retry-After: 5',
  },
  WAYBILL_TENANT_EXISTS: {
    what: 'Another tenant has this id. Answered with 409.',
    why: 'Nothing was stored.',
    fix: 'Choose another id, or leave it out.',
    example: '{ "name": "Acme" }',
  },
  WAYBILL_TENANT_SUSPENDED: {
    what: 'The tenant is suspended. Answered with 403.',
    why: 'Nothing can be added until it is reactivated.',
    fix: 'Reactivate it.',
    example: 'POST /tenants/acme/reactivate',
  },
  WAYBILL_TENANT_NOT_SUSPENDED: {
    what: 'A tenant was to be reactivated that is not suspended. Answered with 409.',
    why: 'There is nothing to do.',
    fix: 'Nothing.',
    example: 'GET /tenants/acme',
  },
  WAYBILL_MEMBER_EXISTS: {
    what: 'The address is a member already. Answered with 409.',
    why: 'Nothing was stored.',
    fix: 'Change the role of the member instead.',
    example: '{ "role": "admin" }',
  },
  WAYBILL_PLAN_EXHAUSTED: {
    what: 'The plan allows no more projects. Answered with 409.',
    why: 'Nothing was stored.',
    fix: 'Archive a project, or change the plan.',
    example: 'POST /projects/ID/archive',
  },
  WAYBILL_SEARCH_INVALID: {
    what: 'A search has no words, or too many. Answered with 400.',
    why: 'Nothing was looked for.',
    fix: 'Give the words as q.',
    example: 'GET /search?q=invoice',
  },
  WAYBILL_DELIVERY_URL_REFUSED: {
    what: 'The URL that webhooks should be delivered to is refused. Answered with 422.',
    why: 'Only public hosts over https are called, so that nobody reaches inside by it.',
    fix: 'Give an https URL with a public host name, and without a user name or password.',
    example: 'https://hooks.example.com/orders',
  },
  WAYBILL_WEBHOOK_SIGNATURE_INVALID: {
    what: 'The signature of a webhook is missing or wrong. Answered with 401.',
    why: 'Anybody could have sent it.',
    fix: 'Set the same secret at GitHub and at the endpoint; sign the raw body, not what was parsed from it.',
    example: 'X-Hub-Signature-256: sha256=...',
  },
  WAYBILL_WEBHOOK_CONTENT_TYPE: {
    what: 'A webhook is not application/json. Answered with 415.',
    why: 'The body of a form cannot be checked against the schema.',
    fix: "Set the webhook's content type at GitHub.",
    example: 'application/json',
  },
  WAYBILL_WEBHOOK_INVALID: {
    what: 'A webhook has no event name, delivery id or body that can be read. Answered with 400.',
    why: 'It cannot be told from another one.',
    fix: 'Send it as GitHub does.',
    example: 'X-GitHub-Event: push',
  },
  WAYBILL_WEBHOOK_TOO_LARGE: {
    what: 'A webhook is larger than one event may be. Answered with 413.',
    why: 'It could not be published.',
    fix: 'Deselect at GitHub the events that make it so large.',
    example: 'push, pull_request',
  },
  WAYBILL_WEBHOOK_PAYLOAD_UNEXPECTED: {
    what: 'A field of a webhook is not what GitHub documents.',
    why: 'It cannot be mapped to an event. The webhook is kept, and dead-lettered with this reason.',
    fix: 'Correct the adapter, deploy, and redrive.',
    example: "field 'repository.full_name' is not a text",
  },
} as const satisfies Record<string, AreaExplanation>;
