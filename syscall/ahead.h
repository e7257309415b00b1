/* SPDX-License-Identifier: GPL-2.0-only */
/* Filling the memory of tamalloc() ahead of its use, called by the page fault */
#ifndef TAMALLOC_AHEAD_H
#define TAMALLOC_AHEAD_H

#include <linux/mm.h>

#ifdef CONFIG_SYSFS
void tamalloc_count_ahead(unsigned int pages);
#else
static inline void tamalloc_count_ahead(unsigned int pages)
{
}
#endif

/* Blocks of 4 pages and more: the smallest order that anonymous folios have */
#define AHEAD_MIN_ORDER		2

/*
 * Whether a large folio of this mapping came by filling ahead. MADV_HUGEPAGE
 * takes VM_NOHUGEPAGE away: then huge pages rule, as for any mapping.
 */
static inline bool tamalloc_fills_ahead(const struct vm_area_struct *vma)
{
	return IS_ENABLED(CONFIG_TAMALLOC_AHEAD) &&
	       (vma->vm_flags & VM_TAMALLOC) &&
	       (vma->vm_flags & VM_NOHUGEPAGE);
}

#ifdef CONFIG_TAMALLOC_AHEAD
extern struct kobj_attribute tamalloc_ahead_kb_attr;

struct folio *__tamalloc_alloc_ahead(struct vm_fault *vmf);
void tamalloc_set_ptes_ahead(struct vm_area_struct *vma, struct folio *folio,
			     unsigned long addr, pte_t *ptep, pte_t pte);

/* Three of four faults end here when memory is touched in no order. */
static inline struct folio *tamalloc_alloc_ahead(struct vm_fault *vmf)
{
	if (!IS_ALIGNED(vmf->address, PAGE_SIZE << AHEAD_MIN_ORDER))
		return NULL;

	return __tamalloc_alloc_ahead(vmf);
}
#else
static inline struct folio *tamalloc_alloc_ahead(struct vm_fault *vmf)
{
	return NULL;
}

static inline void tamalloc_set_ptes_ahead(struct vm_area_struct *vma,
					   struct folio *folio,
					   unsigned long addr, pte_t *ptep,
					   pte_t pte)
{
}
#endif

#endif /* TAMALLOC_AHEAD_H */
