/** Properties of a template in the members of a service's API: the same names, with a small letter at the front. */
import { isJsonObject } from '../../../lib/assembly/template.ts';
import type { Json } from '../../../lib/assembly/template.ts';

/** What holds names of the user's own, which stay as they are. */
const OWN_NAMES: ReadonlySet<string> = new Set(['DockerLabels', 'DriverOpts', 'Labels', 'Options']);

export function apiMembers(value: Json): Json {
  if (Array.isArray(value)) return value.map((item: Json) => apiMembers(item));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name.charAt(0).toLowerCase() + name.slice(1),
      OWN_NAMES.has(name) ? member : apiMembers(member),
    ]),
  );
}
