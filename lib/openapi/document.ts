/** What the OpenAPI documents of all systems have in common. */
import * as z from 'zod/mini';

export type Json = Readonly<Record<string, unknown>>;

/** @param operations - by route, such as `POST /jobs` */
export function pathsOf<Operation>(
  operations: Readonly<Record<string, Operation>>,
  operationOf: (route: string, operation: Operation) => Json,
): Json {
  const byPath = Map.groupBy(Object.entries(operations), ([route]) => route.split(' ')[1] ?? '');
  return Object.fromEntries(
    [...byPath].map(([path, ofPath]) => [
      path,
      Object.fromEntries(
        ofPath.map(([route, operation]) => [
          route.split(' ')[0]?.toLowerCase() ?? '',
          operationOf(route, operation),
        ]),
      ),
    ]),
  );
}

export function ref(name: string): Json {
  return { $ref: `#/components/schemas/${name}` };
}

/** All of its properties are required. */
export function object(properties: Json): Json {
  return { type: 'object', required: Object.keys(properties), properties };
}

export function schemaOf(schema: z.core.$ZodType, io: 'input' | 'output' = 'output'): Json {
  const { $schema: _version, ...described } = z.toJSONSchema(schema, { io });
  return described;
}

/** RFC 9457. */
export const PROBLEM: Json = object({
  type: { type: 'string' },
  title: { type: 'string' },
  status: { type: 'integer' },
  code: { type: 'string' },
  detail: { type: 'string' },
  instance: { type: 'string' },
});
