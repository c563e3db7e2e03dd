/** What a template says of its HTTP API: the routes, sorted. */
import { isRecord } from '../json.ts';

/** Such as `POST /feedback`. */
export function httpRoutesOf(template: { readonly Resources?: object }): readonly string[] {
  return Object.values(template.Resources ?? {})
    .flatMap((resource) =>
      isRecord(resource) && resource['Type'] === 'AWS::ApiGatewayV2::Route'
        ? [String((resource['Properties'] as { readonly RouteKey?: unknown }).RouteKey)]
        : [],
    )
    .toSorted();
}
