/**
 * Lets a custom resource's function answer CloudFormation here. AWS's `cfn-response` module and CDK's own handlers send
 * the answer with `node:https` to the host and path of the response URL, whatever its scheme and port. The local endpoint
 * speaks plain HTTP on a port of its own: requests to that URL are turned round to it, all others are left alone.
 */
import http from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';

const turned = new Set<string>();

export function answerOverPlainHttp(responseUrl: string): void {
  const { protocol, hostname, port, pathname } = new URL(responseUrl);
  if (protocol !== 'http:') return;
  if (turned.size === 0) install(hostname, port);
  turned.add(pathname);
}

function install(hostname: string, port: string): void {
  const request = https.request.bind(https);
  const turnRound = (options: unknown, ...rest: unknown[]): http.ClientRequest => {
    const path = pathOf(options);
    if (path === undefined || !turned.has(path)) {
      return (request as (...all: unknown[]) => http.ClientRequest)(options, ...rest);
    }
    const settings =
      options instanceof URL || typeof options === 'string' ? {} : (options as http.RequestOptions);
    const own = { ...settings, protocol: 'http:', hostname, host: hostname, port, path, agent: undefined };
    return (http.request as (...all: unknown[]) => http.ClientRequest)(own, ...rest);
  };
  https.request = turnRound;
  syncBuiltinESMExports();
}

function pathOf(options: unknown): string | undefined {
  if (typeof options === 'string') return new URL(options).pathname;
  if (options instanceof URL) return options.pathname;
  return (options as http.RequestOptions | null)?.path ?? undefined;
}
