import { DecantError } from '../../../shared/errors.ts';
import { settingSchemas } from '../../../shared/settings.ts';
import { type Handlers } from '../core.ts';
import { type HostServices } from '../services.ts';

type Names = 'settings.get' | 'settings.set';

export function settingHandlers({ store }: HostServices): Pick<Handlers, Names> {
  return {
    // What an older or newer version saved in another shape counts as not saved.
    'settings.get': async ({ key }) => {
      const saved = settingSchemas[key].safeParse(await store.getSetting(key));
      return { value: saved.success ? saved.data : null };
    },
    'settings.set': async ({ key, value }) => {
      const checked = settingSchemas[key].safeParse(value);
      if (!checked.success)
        throw new DecantError('REQUEST_INVALID', `settings.set: ${key}: ${checked.error.issues[0]?.message ?? ''}`);
      await store.setSetting(key, checked.data);
      return {};
    },
  };
}
