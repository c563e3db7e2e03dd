/** What a template says of its REST API: routes, models, and what API Gateway answers by itself. */
import { isRecord } from '../json.ts';

export interface RestApiTemplate {
  /** Such as `POST /jobs`, sorted. */
  readonly routes: readonly string[];
  /** By content type, of the methods that have one, by route. */
  readonly models: Readonly<Record<string, unknown>>;
  /** By status: codes of problems, sorted. */
  readonly gatewayProblems: ReadonlyMap<string, readonly string[]>;
  /** Name of the stage. */
  readonly stageName: string;
}

type Resource = Readonly<Record<string, unknown>> & { readonly id: string };

export function restApiOf(template: { readonly Resources?: object }): RestApiTemplate {
  const ofType = (type: string): readonly Resource[] =>
    Object.entries(template.Resources ?? {}).flatMap(([id, resource]) =>
      isRecord(resource) && resource['Type'] === `AWS::ApiGateway::${type}`
        ? [{ ...(resource['Properties'] as object), id }]
        : [],
    );
  const resources = new Map(ofType('Resource').map((one) => [one.id, one]));
  const pathOf = (reference: unknown): string => {
    const resource = resources.get(refOf(reference));
    return resource === undefined ? '' : `${pathOf(resource['ParentId'])}/${String(resource['PathPart'])}`;
  };
  const models = new Map(ofType('Model').map((one) => [one.id, one['Schema']]));
  const methods = ofType('Method').map((one) => ({
    route: `${String(one['HttpMethod'])} ${pathOf(one['ResourceId'])}`,
    model: Object.values(one['RequestModels'] ?? {}).map((model) => models.get(refOf(model)))[0],
  }));
  const problems = ofType('GatewayResponse').map((one) => {
    const [text] = Object.values(one['ResponseTemplates'] as Readonly<Record<string, string>>);
    return { status: String(one['StatusCode']), code: /"code":"(\w+)"/.exec(text ?? '')?.[1] ?? '' };
  });
  const stageName = ofType('Stage')[0]?.['StageName'];
  return {
    routes: methods.map(({ route }) => route).toSorted(),
    models: Object.fromEntries(
      methods.flatMap(({ route, model }) => (model === undefined ? [] : [[route, model]])),
    ),
    gatewayProblems: new Map(
      [...Map.groupBy(problems, ({ status }) => status)].map(([status, ofStatus]) => [
        status,
        [...new Set(ofStatus.map(({ code }) => code))].toSorted(),
      ]),
    ),
    stageName: typeof stageName === 'string' ? stageName : '',
  };
}

function refOf(reference: unknown): string {
  return isRecord(reference) && typeof reference['Ref'] === 'string' ? reference['Ref'] : '';
}
