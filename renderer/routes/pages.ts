import type { Component } from 'svelte';
import type { PageName, Route } from './route.ts';

type PageModule = { default: Component<{ route: Route }> };

/** Every folder of routes/ with a Page.svelte is a page; it is loaded when it is first shown. */
const modules = import.meta.glob<PageModule>('./*/Page.svelte');

export function hasPage(name: PageName): boolean {
  return modules[`./${name}/Page.svelte`] !== undefined;
}

export async function loadPage(name: PageName): Promise<PageModule['default'] | undefined> {
  return (await modules[`./${name}/Page.svelte`]?.())?.default;
}

/** Loads every page, so that each can be opened while the host is away. */
export async function loadAllPages(): Promise<void> {
  await Promise.allSettled(Object.values(modules).map((load) => load()));
}
