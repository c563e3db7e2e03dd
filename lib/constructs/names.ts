/** How names are written: construct ids in PascalCase, names of services and consumers in kebab-case. */

export function pascalCase(text: string): string {
  return text
    .split(/[^A-Za-z0-9]+/)
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');
}

export function kebabCase(id: string): string {
  return id.replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase();
}
