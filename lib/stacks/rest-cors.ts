/**
 * What a REST API needs so that pages of other origins may call it: answers to preflights, and headers on its own
 * refusals. Functions behind it add the header to their answers (lambda/http/rest-routes.ts).
 * apigateway/latest/developerguide/how-to-cors.html
 */
import { Duration } from 'aws-cdk-lib';
import type { Method, RestApi } from 'aws-cdk-lib/aws-apigateway';

/** Tells functions which origins may read their answers, separated by spaces. */
export const PAGE_ORIGINS_VARIABLE = 'API_PAGE_ORIGINS';
/** How long a browser need not ask again. */
const MAX_AGE = Duration.hours(1);
const EXPOSED = ['location', 'retry-after'];

/** A refusal says nothing that a page may not know, and tokens are in a header, so no cookie makes it personal. */
export function refusalHeaders(origins: readonly string[]): Readonly<Record<string, string>> {
  if (origins.length === 0) return {};
  return { 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': EXPOSED.join(',') };
}

/** @returns the methods that answer preflights; open routes have none, as they are for no pages */
export function letPagesCall(
  api: RestApi,
  functions: readonly { readonly routes: readonly string[]; readonly openBecause?: string }[],
  origins: readonly string[],
): readonly Method[] {
  if (origins.length === 0) return [];
  const routes = functions
    .filter(({ openBecause }) => openBecause === undefined)
    .flatMap((one) => one.routes);
  const methods = new Map<string, string[]>();
  for (const route of routes) {
    const [method = '', path = ''] = route.split(' ');
    methods.set(path, [...(methods.get(path) ?? []), method]);
  }
  return [...methods].map(([path, allowMethods]) =>
    api.root.resourceForPath(path).addCorsPreflight({
      allowOrigins: [...origins],
      allowMethods,
      allowHeaders: ['authorization', 'content-type', 'idempotency-key'],
      exposeHeaders: EXPOSED,
      maxAge: MAX_AGE,
    }),
  );
}
