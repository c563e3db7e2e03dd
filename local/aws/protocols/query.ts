/**
 * The Query protocol: a form with `Action=...` in, XML out. Used by SNS, STS, older SQS clients and API Gateway
 * integrations. https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
 */
import type { AwsService, QueryProtocol } from '../context.ts';
import type { AwsError } from '../errors.ts';
import { element, escapeText } from './xml.ts';
import type { WireResponse } from './wire.ts';

/**
 * The service a Query request is for: the one in its signature, else the one whose API version it names, else
 * SQS, whose queue URLs are called directly.
 */
export function queryService(
  services: readonly AwsService[],
  form: URLSearchParams,
  signedFor: string | undefined,
): AwsService | undefined {
  const speakers = services.filter((service) => service.protocols.query);
  const version = form.get('Version');
  return (
    speakers.find((service) => service.name === signedFor) ??
    speakers.find((service) => service.protocols.query?.apiVersion === version) ??
    (version === null ? speakers.find((service) => service.name === 'sqs') : undefined)
  );
}

/** A parameter with dots in its name, as a tree: `A.1.Name=x` -> `{A: {1: {Name: 'x'}}}`. */
type Tree = Map<string, Tree | string>;

/** The form as the JSON input of the action, with the service's flattened names put right. */
export function queryInput(protocol: QueryProtocol, form: URLSearchParams): Record<string, unknown> {
  const tree: Tree = new Map();
  for (const [name, value] of form) {
    if (name === 'Action' || name === 'Version') continue;
    plant(tree, name.split('.'), value);
  }
  return structure(protocol, tree);
}

export function queryOutput(
  service: AwsService,
  action: string,
  output: unknown,
  requestId: string,
): WireResponse {
  const protocol = queryProtocol(service);
  const members = membersXml(protocol, action, (output ?? {}) as Record<string, unknown>);
  const isBare = members === '' && !protocol.emptyResults?.includes(action);
  const result = isBare ? '' : `<${action}Result>${members}</${action}Result>`;
  return xmlResponse(
    200,
    `<${action}Response xmlns="${protocol.xmlNamespace}">${result}` +
      `<ResponseMetadata>${element('RequestId', requestId)}</ResponseMetadata></${action}Response>`,
  );
}

export function queryError(
  service: AwsService | undefined,
  error: AwsError,
  requestId: string,
): WireResponse {
  const namespace = service?.protocols.query?.xmlNamespace;
  const type = element('Type', error.senderFault ? 'Sender' : 'Receiver');
  return xmlResponse(
    error.queryHttpStatus,
    `<ErrorResponse${namespace ? ` xmlns="${namespace}"` : ''}><Error>${type}` +
      `${element('Code', error.queryCode)}${element('Message', error.message)}<Detail/></Error>` +
      `${element('RequestId', requestId)}</ErrorResponse>`,
  );
}

function queryProtocol(service: AwsService): QueryProtocol {
  const { query } = service.protocols;
  if (!query) throw new Error(`${service.name} does not speak the Query protocol`);
  return query;
}

function plant(tree: Tree, path: readonly string[], value: string): void {
  const [head = '', ...rest] = path;
  if (rest.length === 0) {
    tree.set(head, value);
    return;
  }
  let branch = tree.get(head);
  if (!(branch instanceof Map)) {
    branch = new Map();
    tree.set(head, branch);
  }
  plant(branch, rest, value);
}

function structure(protocol: QueryProtocol, tree: Tree): Record<string, unknown> {
  const members: Record<string, unknown> = {};
  for (const [name, node] of tree) {
    const flattened = protocol.inputs?.[name];
    if (flattened && node instanceof Map && isNumbered(node)) {
      members[flattened.member] = flattened.map
        ? mapOf(protocol, node, flattened.map.key, flattened.map.value)
        : listOf(protocol, node);
    } else {
      members[name] = value(protocol, name, node);
    }
  }
  return members;
}

function value(protocol: QueryProtocol, name: string, node: Tree | string): unknown {
  if (typeof node === 'string') return scalar(protocol, name, node);
  const members = node.get('member');
  if (members instanceof Map && isNumbered(members)) return listOf(protocol, members);
  const entries = node.get('entry');
  if (entries instanceof Map && isNumbered(entries)) {
    const first = [...entries.values()][0];
    const named = first instanceof Map && first.has('Name');
    return mapOf(protocol, entries, named ? 'Name' : 'key', named ? 'Value' : 'value');
  }
  return structure(protocol, node);
}

function scalar(protocol: QueryProtocol, name: string, text: string): unknown {
  if (protocol.integers?.includes(name) && /^[+-]?\d+$/.test(text)) return Number(text);
  if (protocol.booleans?.includes(name)) return text === 'true';
  return text;
}

function isNumbered(node: Tree): boolean {
  return node.size > 0 && [...node.keys()].every((key) => /^\d+$/.test(key));
}

function inOrder(node: Tree): (Tree | string)[] {
  return [...node.entries()].toSorted(([a], [b]) => Number(a) - Number(b)).map(([, child]) => child);
}

function listOf(protocol: QueryProtocol, node: Tree): unknown[] {
  return inOrder(node).map((child) => value(protocol, '', child));
}

function mapOf(protocol: QueryProtocol, node: Tree, key: string, valueName: string): Record<string, unknown> {
  const map: Record<string, unknown> = {};
  for (const child of inOrder(node)) {
    if (!(child instanceof Map)) continue;
    const name = child.get(key);
    const content = child.get(valueName);
    if (typeof name === 'string' && content !== undefined) map[name] = value(protocol, '', content);
  }
  return map;
}

function membersXml(protocol: QueryProtocol, action: string, members: Record<string, unknown>): string {
  return Object.entries(members)
    .map(([name, content]) => memberXml(protocol, action, name, withTimes(protocol, name, content)))
    .join('');
}

/** The content with its times as ISO 8601 text. */
function withTimes(protocol: QueryProtocol, name: string, content: unknown): unknown {
  if (!protocol.timestamps?.includes(name)) return content;
  const text = (time: unknown) => (typeof time === 'number' ? new Date(time * 1000).toISOString() : time);
  return Array.isArray(content) ? content.map(text) : text(content);
}

function memberXml(protocol: QueryProtocol, action: string, name: string, content: unknown): string {
  if (content === undefined || content === null) return '';
  const flattened = protocol.outputs?.[`${action}.${name}`] ?? protocol.outputs?.[name];
  const inner = (child: unknown) => contentXml(protocol, action, child);
  if (flattened?.map && isRecord(content)) {
    const { key, value: valueName } = flattened.map;
    return Object.entries(content)
      .map(([entry, child]) => wrap(flattened.element, element(key, entry) + wrap(valueName, inner(child))))
      .join('');
  }
  if (flattened && Array.isArray(content)) {
    return content.map((child) => wrap(flattened.element, inner(child))).join('');
  }
  if (Array.isArray(content))
    return wrap(name, content.map((child) => wrap('member', inner(child))).join(''));
  if (isRecord(content) && protocol.outputMaps?.includes(name)) {
    const entries = Object.entries(content).map(([entry, child]) =>
      wrap('entry', element('key', entry) + wrap('value', inner(child))),
    );
    return wrap(name, entries.join(''));
  }
  return wrap(name, inner(content));
}

function contentXml(protocol: QueryProtocol, action: string, content: unknown): string {
  if (isRecord(content)) return membersXml(protocol, action, content);
  return escapeText(String(content));
}

function wrap(name: string, content: string): string {
  return `<${name}>${content}</${name}>`;
}

function isRecord(content: unknown): content is Record<string, unknown> {
  return typeof content === 'object' && content !== null && !Array.isArray(content);
}

function xmlResponse(status: number, xml: string): WireResponse {
  return {
    status,
    headers: { 'content-type': 'text/xml' },
    body: Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${xml}`),
  };
}
