/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TAMALLOC_COMPAT_H
#define TAMALLOC_COMPAT_H

/* What differs between kernels for filling ahead; 6.1 has no large folios. */

#include <linux/gfp.h>
#include <linux/huge_mm.h>
#include <linux/mm.h>
#include <linux/sched/coredump.h>
#include <linux/version.h>

/* Since 6.13, without the argument that all callers had the same */
static inline struct folio *tamalloc_alloc_folio(struct vm_fault *vmf, gfp_t gfp,
						 int order)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
	return vma_alloc_folio(gfp, order, vmf->vma, vmf->address, true);
#else
	return vma_alloc_folio(gfp, order, vmf->vma, vmf->address);
#endif
}

/*
 * PR_SET_THP_DISABLE. Since 6.18, it can except what madvise() asked huge pages
 * for, which memory that is filled ahead is not.
 */
static inline bool tamalloc_thp_disabled(struct mm_struct *mm)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
	return test_bit(MMF_DISABLE_THP, &mm->flags);
#else
	return mm_flags_test(MMF_DISABLE_THP_COMPLETELY, mm) ||
	       mm_flags_test(MMF_DISABLE_THP_EXCEPT_ADVISED, mm);
#endif
}

/* Since 7.3, a memory cgroup needs room for the list of what can be split. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 3, 0)
static inline int folio_memcg_alloc_deferred(struct folio *folio)
{
	return 0;
}
#endif

#endif /* TAMALLOC_COMPAT_H */
